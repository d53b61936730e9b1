import mqttPacket from 'mqtt-packet';
import { describe, expect, it, onTestFinished } from 'vitest';
import { runLoad } from '../../../harness/load-client.js';
import type { BrokerDeps, BrokerOptions } from '../../../src/broker/broker.js';
import { createRefusalCounts } from '../../../src/broker/refusals.js';
import { type Schedule, scheduleOnTimer } from '../../../src/lib/timers.js';
import { BROKER_OPTIONS, HeldIntake, startBroker } from '../../support/broker-fixture.js';
import { SetClock } from '../../support/clock.js';
import { CONNECT, eventually, publish, rawClient } from '../../support/raw-client.js';
import { ruledAccess, type UserOf } from '../../support/ruled-access.js';
import { SetSchedule } from '../../support/set-schedule.js';

async function start(
  users: Record<string, UserOf>,
  deps: Partial<BrokerDeps> = {},
  options: Partial<BrokerOptions> = {},
) {
  const ruled = ruledAccess(users);
  const intake = new HeldIntake();
  const started = await startBroker(intake, options, { access: ruled.access, ...deps });
  return { ...started, ...ruled, intake };
}

async function connected(port: number, user: string, options: Partial<mqttPacket.IConnectPacket> = {}) {
  const device = await rawClient(port);
  device.socket.setNoDelay(true);
  device.send({ ...CONNECT, clientId: user, username: user, ...options });
  await device.received('connack');
  return device;
}

const withoutDelays: Schedule = (delayMs, run) =>
  scheduleOnTimer(delayMs === BROKER_OPTIONS.connectTimeoutMs ? delayMs : 0, run);

const usersOf = (intake: HeldIntake) => intake.accepted.map(({ packet }) => packet.user);

describe('the fast path with access rules [access 3]', () => {
  it('refuses a topic to one client that another one has warmed', async () => {
    const { port, broker, intake } = await start({ a: { publish: ['t/#'] }, b: { publish: ['b'] } });
    const a = await connected(port, 'a');
    for (let id = 1; id <= 3; id += 1) a.send(publish({ topic: 't/1', messageId: id }));
    await eventually(() => broker.counters().packetsAccepted === 3);
    const b = await connected(port, 'b');
    // By the fast path first, so that the session has one permitted topic already.
    b.send(publish({ topic: 'b', messageId: 1 }));
    await eventually(() => broker.counters().packetsAccepted === 4);
    b.send(publish({ topic: 't/1', messageId: 2 }));
    await b.closed();
    expect(usersOf(intake)).toEqual(['a', 'a', 'a', 'b']);
    expect(broker.counters().refused).toEqual({ ...createRefusalCounts(), 'publish-denied': 1 });
  });

  it('does so with reloads in between, under load', async () => {
    const both = { a: { publish: ['t/#'] }, b: { publish: ['t/#'] } };
    const onlyA = { a: { publish: ['t/#'] }, b: { publish: ['b'] } };
    // Without the delays after denials, which would take longer than the test.
    const { port, broker, intake, replaceRules } = await start(onlyA, { schedule: withoutDelays });
    const pump = setInterval(() => intake.storeAll(), 1);
    onTestFinished(() => clearInterval(pump));
    const stop = new AbortController();
    const load = runLoad({
      host: '127.0.0.1',
      port,
      connections: 2,
      messages: 1_000_000,
      qos: 1,
      window: 50,
      signIn: () => ({ userName: 'a', password: 'x' }),
      topic: (connection) => `t/${connection}`,
      payload: () => Buffer.from('x'),
      signal: stop.signal,
    });
    await eventually(() => broker.counters().packetsAccepted > 1000);

    for (let round = 0; round < 10; round += 1) {
      replaceRules(both);
      const b = await connected(port, 'b', { clientId: `b${round}` });
      b.send(publish({ topic: 't/0', messageId: 1, payload: `allowed ${round}` }));
      await b.received('puback');
      replaceRules(onlyA);
      b.send(publish({ topic: 't/0', messageId: 2, payload: `denied ${round}` }));
      await b.closed();
    }
    const taken = broker.counters().packetsAccepted;
    await eventually(() => broker.counters().packetsAccepted > taken + 1000);
    stop.abort();
    await load.catch(() => undefined);
    const ofB = intake.accepted.filter(({ packet }) => packet.user === 'b');
    expect(ofB.map(({ payload }) => payload)).toEqual(Array.from({ length: 10 }, (_, n) => `allowed ${n}`));
    expect(broker.counters().refused['publish-denied']).toBe(10);
  });

  it.each([0, 1, 2] as const)(
    'judges a packet of QoS %i when it is complete, by the rules then',
    async (qos) => {
      const { port, broker, intake, replaceRules } = await start({ u: { publish: ['t'] } });
      const device = await connected(port, 'u');
      const bytes = mqttPacket.generate(publish({ topic: 't', qos, messageId: 1 }));
      device.socket.write(bytes.subarray(0, 5));
      await eventually(() => broker.counters().unfinishedBytes > 0);
      replaceRules({ u: { publish: ['other'] } });
      device.socket.write(bytes.subarray(5));
      await device.closed();
      expect(intake.accepted).toEqual([]);
      expect(broker.counters().refused).toEqual({ ...createRefusalCounts(), 'publish-denied': 1 });
    },
  );

  it('lets a client go on whose topics stay allowed, without a new connection', async () => {
    const { port, broker, intake, replaceRules } = await start({ u: { publish: ['t'] } });
    const device = await connected(port, 'u');
    device.send(publish({ topic: 't', messageId: 1 }));
    await eventually(() => intake.accepted.length === 1);
    replaceRules({ u: { publish: ['t', 'more'] } });
    await broker.accessReplaced();
    device.send(publish({ topic: 'more', messageId: 2 }));
    await eventually(() => intake.accepted.length === 2);
    expect(broker.counters().packetsAccepted).toBe(2);
  });
});

describe('a PUBLISH outside the rules [access 5] [security 10]', () => {
  it.each([
    ['the prefix of a permitted topic', 'sensors/dev1', 'sensors/dev'],
    ['a topic that begins with a permitted one', 'sensors/dev1', 'sensors/dev10'],
    ['the topic of a prefix twin', 'sensors/{user}/#', 'sensors/dev10/t'],
    ['a level above', 'a/+/b', 'a/b'],
    ['a level below', 'a/+', 'a/b/c'],
  ])('closes the connection and stores nothing: %s', async (_what, permitted, topic) => {
    const { port, broker, intake, lines } = await start({ dev1: { publish: [permitted] } });
    const device = await connected(port, 'dev1');
    device.send(publish({ topic, messageId: 1 }));
    await device.closed();
    expect(intake.accepted).toEqual([]);
    expect(device.packets.map(({ cmd }) => cmd)).toEqual(['connack']);
    expect(broker.counters().refused).toEqual({ ...createRefusalCounts(), 'publish-denied': 1 });
    expect(lines.map(({ fields }) => fields)).toMatchObject([
      { reason: 'publish-denied', user: 'dev1', clientId: 'dev1', detail: `"${topic}"` },
    ]);
  });

  it('names the topic in the line cut and printable [security 46]', async () => {
    const { port, lines } = await start({ u: {} });
    const device = await connected(port, 'u');
    device.send(publish({ topic: `\u202e${'x'.repeat(1000)}`, messageId: 1 }));
    await device.closed();
    const { detail } = lines[0]!.fields as { detail: string };
    expect(detail).toMatch(/^"\\u202ex+…?"?…$/);
    expect(detail.length).toBeLessThan(100);
  });

  it('is judged at PUBLISH with QoS 2, and PUBREL never again', async () => {
    const { port, intake, replaceRules } = await start({ u: { publish: ['t'] } });
    const device = await connected(port, 'u');
    device.send(publish({ topic: 't', qos: 2, messageId: 1 }));
    await eventually(() => intake.waiting.length === 1);
    replaceRules({ u: { publish: [] } });
    intake.storeAll();
    await device.received('pubrec');
    device.send({ cmd: 'pubrel', messageId: 1 });
    await device.received('pubcomp');
    expect(intake.accepted).toHaveLength(1);
  });

  it('makes the next CONNACK wait, longer each time, for this user only, and not for ever', async () => {
    const [timers, clock] = [new SetSchedule(), new SetClock()];
    const { port } = await start(
      { u: {}, v: {} },
      { schedule: timers.schedule, clock },
      { connectTimeoutMs: 11_000 },
    );
    const delays: number[] = [];
    for (let n = 0; n < 8; n += 1) {
      const device = await rawClient(port);
      device.send({ ...CONNECT, clientId: 'd', username: 'u' });
      device.send(publish({ messageId: 1 }));
      await eventually(() => device.isClosed() || timers.timers.size === 1);
      if (!device.isClosed()) {
        expect(device.packets).toEqual([]);
        const delayMs = timers.delaysMs()[0]!;
        delays.push(delayMs);
        timers.fire(delayMs);
      }
      await device.closed();
      await eventually(() => timers.timers.size === 0);
    }
    expect(delays).toEqual([500, 1000, 2000, 4000, 5000, 5000]);
    await connected(port, 'v');
    clock.elapsedMs += 11 * 60_000;
    await connected(port, 'u', { clientId: 'd' });
  });
});

describe('a retransmission [access 4]', () => {
  it('from another user with the same client id is a packet of its own', async () => {
    const rules = { publish: ['#'] };
    const { port, broker, intake } = await start({ a: rules, b: rules });
    const first = await connected(port, 'a', { clientId: 'd', clean: false });
    first.send(publish({ qos: 2, messageId: 7 }));
    await eventually(() => intake.waiting.length === 1);
    intake.storeAll();
    await first.received('pubrec');
    first.socket.destroy();
    await eventually(() => broker.counters().connections === 0);

    const other = await connected(port, 'b', { clientId: 'd', clean: false });
    other.send(publish({ qos: 2, messageId: 7, dup: true }));
    await eventually(() => intake.accepted.length === 2);
    intake.storeAll();
    await other.received('pubrec');
    // It completes its own handshake, not that of the other user.
    other.send({ cmd: 'pubrel', messageId: 7 });
    await other.received('pubcomp');
    other.socket.destroy();
    await eventually(() => broker.counters().connections === 0);

    const again = await connected(port, 'a', { clientId: 'd', clean: false });
    again.send(publish({ qos: 2, messageId: 7, dup: true }));
    await again.received('pubrec');
    expect([usersOf(intake), broker.counters().retransmissions]).toEqual([['a', 'b'], 1]);
  });
});

describe('a reload [access 3]', () => {
  it.each([
    ['user is disabled', { u: { publish: ['#'], isDisabled: true } }],
    ['user is removed', {}],
    ['secret is another one', { u: { publish: ['#'], secret: 'rotated' } }],
    ['client id is no longer allowed', { u: { publish: ['#'], clientId: 'other' } }],
  ] as const)('closes a living connection that sends nothing, when its %s', async (_what, rules) => {
    const { port, broker, replaceRules } = await start({ u: { publish: ['#'] }, v: { publish: ['#'] } });
    const device = await connected(port, 'u');
    const other = await connected(port, 'v');
    replaceRules({ ...rules, v: { publish: ['#'] } });
    await broker.accessReplaced();
    await device.closed();
    expect(broker.counters().refused).toEqual({ ...createRefusalCounts(), 'access-changed': 1 });
    other.send({ cmd: 'pingreq' });
    await other.received('pingresp');
  });

  it('judges by the last rules when they are replaced twice', async () => {
    const { port, broker, replaceRules } = await start({ u: { publish: ['#'] } });
    const device = await connected(port, 'u');
    replaceRules({ u: { publish: ['#'] } });
    const judged = broker.accessReplaced();
    replaceRules({});
    await Promise.all([judged, broker.accessReplaced()]);
    await device.closed();
  });
});
