import { describe, expect, it, onTestFinished } from 'vitest';
import { isGrantRefusal } from '../../../src/access/access.js';
import { OpenAccess } from '../../../src/access/open-access.js';
import { createRefusalCounts } from '../../../src/broker/refusals.js';
import { HeldIntake, startBroker } from '../../support/broker-fixture.js';
import { CONNECT, eventually, publish, rawClient } from '../../support/raw-client.js';
import { ruledAccess, type UserOf } from '../../support/ruled-access.js';

const DEVICE = { publish: ['#'] };

async function start(users: Record<string, UserOf>) {
  const ruled = ruledAccess({ device: DEVICE, ...users });
  const intake = new HeldIntake();
  const started = await startBroker(intake, {}, { access: ruled.access });
  // A packet is delivered once it is stored.
  const storing = setInterval(() => intake.storeAll(), 1);
  onTestFinished(() => clearInterval(storing));
  return {
    ...started,
    intake,
    replaceRules: (to: Record<string, UserOf>) => ruled.replaceRules({ device: DEVICE, ...to }),
  };
}

type Client = Awaited<ReturnType<typeof rawClient>>;

async function connected(port: number, user: string): Promise<Client> {
  const client = await rawClient(port);
  client.send({ ...CONNECT, clientId: user, username: user });
  await client.received('connack');
  return client;
}

/** Subscribes in one packet, and returns what SUBACK grants. */
async function subscribe(client: Client, ...topics: string[]): Promise<unknown> {
  const before = client.packets.filter(({ cmd }) => cmd === 'suback').length;
  const subscriptions = topics.map((topic) => ({ topic, qos: 0 as const }));
  client.send({ cmd: 'subscribe', messageId: before + 1, subscriptions });
  await client.received('suback', before + 1);
  const last = client.packets.filter((packet) => packet.cmd === 'suback').at(-1)!;
  return last.granted;
}

/** What the client has received once a packet that it surely gets has arrived. */
async function receivedBy(client: Client, fence: () => void): Promise<string[]> {
  const topics = () => client.packets.filter((packet) => packet.cmd === 'publish').map(({ topic }) => topic);
  fence();
  await eventually(() => topics().includes('fence'));
  return topics().filter((topic) => topic !== 'fence');
}

describe('SUBSCRIBE with access rules [security 12]', () => {
  it.each([
    ['#', ['a/#'], 128],
    ['+/#', ['a/#'], 128],
    ['+/b', ['a/#'], 128],
    ['a/#', ['a/+'], 128],
    ['a/+', ['a/b'], 128],
    ['a/b', ['a/+', 'a/b'], 0],
    ['a/b/c', ['a/#'], 0],
    ['a', ['a/#'], 0],
    ['a/+/c', ['a/#', 'a/+/+'], 0],
    ['#', ['#'], 0],
    ['own/viewer/x', ['own/{user}/#'], 0],
    ['own/viewer2/x', ['own/{user}/#'], 128],
    ['a/b', [], 128],
  ] as const)('on %s, where %j is allowed, is answered with %i', async (filter, allowed, granted) => {
    const { port, broker } = await start({ viewer: { subscribe: allowed } });
    const viewer = await connected(port, 'viewer');
    expect(await subscribe(viewer, filter)).toEqual([granted]);
    expect(broker.counters()).toMatchObject({
      deliveries: { observers: granted === 0 ? 1 : 0 },
      refused: { ...createRefusalCounts(), 'subscribe-denied': granted === 0 ? 0 : 1 },
    });
    viewer.send({ cmd: 'pingreq' });
    await viewer.received('pingresp');
  });

  it.each([
    ['$SYS/#', 0],
    ['$aws/things/+', 0],
    ['$SYS/broker/clients', 0],
    ['$share/group/a', 128],
    ['$other/a', 128],
  ] as const)(
    'on %s is answered with %i: a rule can allow it, except what MQTT 5 has brought [security 13]',
    async (filter, granted) => {
      const { port } = await start({ viewer: { subscribe: ['$SYS/#', '$aws/things/+', '$share/#'] } });
      expect(await subscribe(await connected(port, 'viewer'), filter)).toEqual([granted]);
    },
  );

  it('delivers each packet once to overlapping filters, and nothing outside them', async () => {
    const { port, intake } = await start({ viewer: { subscribe: ['a/#', 'fence'] } });
    const viewer = await connected(port, 'viewer');
    expect(await subscribe(viewer, 'a/#', 'a/+', '#', 'a/b', 'fence')).toEqual([0, 0, 128, 0, 0]);
    const device = await connected(port, 'device');
    for (const topic of ['a/b', 'b/a', 'a']) device.send(publish({ topic, qos: 0 }));
    const received = await receivedBy(viewer, () => device.send(publish({ topic: 'fence', qos: 0 })));
    expect(received).toEqual(['a/b', 'a']);
    expect(intake.accepted).toHaveLength(4);
  });

  it('is possible from another machine when a role says so, and loopback alone is no credential [drill N5]', async () => {
    const { access } = ruledAccess({ viewer: { subscribe: ['a/#'] }, device: DEVICE });
    const identity = { user: 'viewer', method: 'token', roles: [], secretHash: 'viewer' } as const;
    const grant = access.grantOf(identity, { clientId: 'c', remoteAddress: '192.0.2.1' });
    expect(!isGrantRefusal(grant) && grant.maySubscribe('a/b')).toBe(true);
    const { port } = await start({});
    expect(await subscribe(await connected(port, 'device'), 'a/b')).toEqual([128]);
  });

  it('without rules is only for clients of this machine', () => {
    const grantOf = (remoteAddress: string) =>
      new OpenAccess().grantOf(
        { user: '', method: 'anonymous', roles: [] },
        { clientId: 'c', remoteAddress },
      );
    expect(grantOf('127.0.0.1').maySubscribe('a')).toBe(true);
    expect(grantOf('192.0.2.1').maySubscribe('a')).toBe(false);
  });

  it.each([
    ['in many packets', 1],
    ['in one packet', 300],
  ])('is denied beyond 100 subscriptions of one client, %s [drill N5]', async (_what, inPacket) => {
    const { port, broker } = await start({ viewer: { subscribe: ['#'] } });
    const viewer = await connected(port, 'viewer');
    const granted: unknown[] = [];
    for (let n = 0; n < 300; n += inPacket) {
      const filters = Array.from({ length: inPacket }, (_, i) => `a/${n + i}`);
      granted.push(...((await subscribe(viewer, ...filters)) as number[]));
    }
    expect(granted).toEqual(Array.from({ length: 300 }, (_, n) => (n < 100 ? 0 : 128)));
    expect(broker.counters().refused['subscribe-denied']).toBe(200);
    // One that it has may be renewed, and one that it gives up makes room.
    expect(await subscribe(viewer, 'a/0')).toEqual([0]);
    viewer.send({ cmd: 'unsubscribe', messageId: 999, unsubscriptions: ['a/0'] });
    await viewer.received('unsuback');
    expect(await subscribe(viewer, 'another')).toEqual([0]);
    expect(await subscribe(viewer, 'one/more')).toEqual([128]);
  });
});

describe('a reload', () => {
  const BEFORE = { viewer: { subscribe: ['a/#', 'b/#', 'fence'] } };
  const AFTER = { viewer: { subscribe: ['b/#', 'fence'] } };

  it('removes the subscriptions that are no longer allowed, and no others', async () => {
    const { port, broker, replaceRules } = await start(BEFORE);
    const viewer = await connected(port, 'viewer');
    await subscribe(viewer, 'a/#', 'b/1', 'fence');
    replaceRules(AFTER);
    await broker.accessReplaced();
    // Allowed once more: what was removed does not come back by itself.
    replaceRules(BEFORE);
    await broker.accessReplaced();
    const device = await connected(port, 'device');
    for (const topic of ['a/1', 'b/1']) device.send(publish({ topic, qos: 0 }));
    const received = await receivedBy(viewer, () => device.send(publish({ topic: 'fence', qos: 0 })));
    expect(received).toEqual(['b/1']);
    expect(broker.counters().refused['subscribe-denied']).toBe(1);
  });

  it('removes the last one, and devices then cost as little as before', async () => {
    const { port, broker, replaceRules } = await start(BEFORE);
    await subscribe(await connected(port, 'viewer'), 'a/#');
    replaceRules(AFTER);
    await broker.accessReplaced();
    await eventually(() => broker.counters().deliveries.observers === 0);
  });

  it.each([
    ['topic', AFTER],
    ['user', {}],
  ])(
    'ends deliveries at once whose %s it has removed, before the session is judged',
    async (_what, rules) => {
      const { port, broker, intake, replaceRules } = await start(BEFORE);
      const viewer = await connected(port, 'viewer');
      await subscribe(viewer, 'a/#', 'fence');
      const device = await connected(port, 'device');
      replaceRules(rules);
      device.send(publish({ topic: 'a/1', qos: 0 }));
      await eventually(() => intake.accepted.length === 1);
      if (rules === AFTER) {
        device.send(publish({ topic: 'fence', qos: 0 }));
        await eventually(() => viewer.packets.some((packet) => packet.cmd === 'publish'));
      } else {
        await viewer.closed();
        expect(broker.counters().refused['access-changed']).toBe(1);
      }
      const topics = viewer.packets.filter((packet) => packet.cmd === 'publish').map(({ topic }) => topic);
      expect(topics).not.toContain('a/1');
    },
  );
});
