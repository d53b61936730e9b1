import mqttPacket from 'mqtt-packet';
import { describe, expect, it } from 'vitest';
import type { BrokerDeps } from '../../../src/broker/broker.js';
import { createRefusalCounts } from '../../../src/broker/refusals.js';
import { HeldIntake, startBroker } from '../../support/broker-fixture.js';
import { SetClock } from '../../support/clock.js';
import { CONNECT, eventually, publish, rawClient } from '../../support/raw-client.js';
import { ruledAccess, type UserOf } from '../../support/ruled-access.js';
import { SetSchedule } from '../../support/set-schedule.js';

const ANYTHING = { publish: ['#'] };

async function start(users: Record<string, UserOf>, deps: Partial<BrokerDeps> = {}) {
  const ruled = ruledAccess(users);
  const intake = new HeldIntake();
  const started = await startBroker(intake, {}, { access: ruled.access, ...deps });
  return { ...started, ...ruled, intake };
}

type Connect = Partial<mqttPacket.IConnectPacket>;

/** Connects as a user, with the client id `d`, and returns once the CONNACK has arrived. */
async function connected(port: number, user: string | undefined, options: Connect = {}) {
  const device = await rawClient(port);
  const names = user === undefined ? {} : { username: user, password: Buffer.from('secret') };
  device.send({ ...CONNECT, clientId: 'd', ...names, ...options });
  await device.received('connack');
  return device;
}

const returnCodeOf = (device: Awaited<ReturnType<typeof rawClient>>) =>
  device.packets.filter((packet) => packet.cmd === 'connack').map(({ returnCode }) => returnCode);

describe('CONNECT with access rules', () => {
  it('asks for the credential and its source, and stores records under the user [access 1]', async () => {
    const { port, intake, authenticator } = await start({ u: ANYTHING });
    const device = await connected(port, 'u');
    expect(authenticator.asked).toEqual([
      {
        credential: { userName: 'u', password: Buffer.from('secret') },
        source: { remoteAddress: '127.0.0.1', isEncrypted: false },
      },
    ]);
    device.send(publish({ messageId: 1 }));
    await eventually(() => intake.accepted.length === 1);
    expect(intake.accepted[0]!.packet).toMatchObject({ clientId: 'd', user: 'u' });
  });

  it.each([
    ['no credential', undefined, {}, 4, 'credential-missing'],
    ['a user that is not listed', 'stranger', {}, 4, 'credential-wrong'],
    ['a disabled user', 'off', {}, 5, 'user-disabled'],
    ['a client id that its role does not allow', 'bound', {}, 2, 'client-id-denied'],
    ['a prefix of an allowed client id', 'bound', { clientId: 'boun' }, 2, 'client-id-denied'],
    ['an id that begins with an allowed one', 'bound', { clientId: 'bound0' }, 2, 'client-id-denied'],
    ['no client id where one is required', 'bound', { clientId: '' }, 2, 'client-id-denied'],
  ] as const)('is refused with %s', async (_what, user, options, returnCode, reason) => {
    const { port, broker, lines } = await start({
      off: { isDisabled: true },
      bound: { ...ANYTHING, clientId: '{user}' },
    });
    const device = await connected(port, user, options);
    await device.closed();
    expect(returnCodeOf(device)).toEqual([returnCode]);
    expect(broker.counters().refused).toEqual({ ...createRefusalCounts(), [reason]: 1 });
    expect(lines).toHaveLength(1);
    expect(lines[0]!.fields).toMatchObject({ reason, remoteAddress: '127.0.0.1', ...(user && { user }) });
    expect(JSON.stringify(lines)).not.toContain('secret');
  });

  it('gives a client without an id one, where the rules require none', async () => {
    const { port, intake } = await start({ u: ANYTHING });
    const device = await connected(port, 'u', { clientId: '' });
    device.send(publish({ messageId: 1 }));
    await eventually(() => intake.accepted.length === 1);
    expect(intake.accepted[0]!.packet.clientId).toMatch(/^auto-/);
  });

  it.each(['+', '#', 'a/b', '$x'])(
    'lets nobody reach other topics with the client id %s [access 2]',
    async (id) => {
      const { port, intake, broker } = await start({ u: { publish: ['t/{client}/x'] } });
      const device = await connected(port, 'u', { clientId: id });
      device.send(publish({ messageId: 1, topic: 't/other/x' }));
      await device.closed();
      expect(intake.accepted).toEqual([]);
      expect(broker.counters().refused['publish-denied']).toBe(1);
    },
  );
});

describe('a client id [access 4] [security 11]', () => {
  it('stays with its user: a newcomer of another one is refused, and the first client goes on', async () => {
    const { port, intake, broker } = await start({ victim: ANYTHING, other: ANYTHING });
    const victim = await connected(port, 'victim');
    const other = await connected(port, 'other');
    await other.closed();
    expect(returnCodeOf(other)).toEqual([2]);
    expect(broker.counters().refused).toEqual({ ...createRefusalCounts(), 'client-id-in-use': 1 });
    victim.send(publish({ messageId: 1 }));
    await eventually(() => intake.accepted.length === 1);
    expect(intake.accepted[0]!.packet.user).toBe('victim');
  });

  it('goes to a new connection of the same user, and the take-over is counted', async () => {
    const { port, broker } = await start({ u: ANYTHING });
    const first = await connected(port, 'u');
    const second = await connected(port, 'u');
    await first.closed();
    expect(returnCodeOf(second)).toEqual([0]);
    expect(broker.counters().refused).toEqual({ ...createRefusalCounts(), 'taken-over': 1 });
  });

  it('goes to the first that is granted access while two sign-ins are under way', async () => {
    const { port, authenticator, broker } = await start({ slow: ANYTHING, quick: ANYTHING });
    const release = authenticator.hold('slow');
    const slow = await rawClient(port);
    slow.send({ ...CONNECT, clientId: 'd', username: 'slow' });
    await eventually(() => authenticator.asked.length === 1);
    const quick = await connected(port, 'quick');
    release();
    await slow.closed();
    expect([returnCodeOf(quick), returnCodeOf(slow)]).toEqual([[0], [2]]);
    expect(broker.counters().refused).toEqual({ ...createRefusalCounts(), 'client-id-in-use': 1 });
  });

  it('goes to one of two users whose sign-ins are answered in the same tick', async () => {
    const { port, authenticator } = await start({ a: ANYTHING, b: ANYTHING });
    const releases = [authenticator.hold('a'), authenticator.hold('b')];
    const [a, b] = [await rawClient(port), await rawClient(port)];
    a.send({ ...CONNECT, clientId: 'd', username: 'a' });
    await eventually(() => authenticator.asked.length === 1);
    b.send({ ...CONNECT, clientId: 'd', username: 'b' });
    await eventually(() => authenticator.asked.length === 2);
    for (const release of releases) release();
    await Promise.all([a.received('connack'), b.closed()]);
    expect([returnCodeOf(a), returnCodeOf(b)]).toEqual([[0], [2]]);
  });

  it('is free again once its client is gone', async () => {
    const { port, broker } = await start({ a: ANYTHING, b: ANYTHING });
    const first = await connected(port, 'a');
    first.socket.destroy();
    await eventually(() => broker.counters().connections === 0);
    expect(returnCodeOf(await connected(port, 'b'))).toEqual([0]);
  });
});

describe('a sign-in that takes time', () => {
  const CONNECT_OF_U = { ...CONNECT, clientId: 'd', username: 'u' };

  it('accepts nothing that is sent before its answer, and closes when it is refused [security 9]', async () => {
    const { port, authenticator, intake, replaceRules } = await start({ u: ANYTHING });
    const release = authenticator.hold('u');
    const device = await rawClient(port);
    device.socket.setNoDelay(true);
    device.send(CONNECT_OF_U);
    await eventually(() => authenticator.asked.length === 1);
    device.send(publish({ messageId: 1 }));
    device.send({ cmd: 'subscribe', messageId: 2, subscriptions: [{ topic: 'a', qos: 0 }] });
    for (let n = 0; n < 50; n += 1) await new Promise<void>((resolve) => setImmediate(resolve));
    expect([intake.accepted, device.packets]).toEqual([[], []]);
    replaceRules({});
    release();
    await device.closed();
    expect([intake.accepted, returnCodeOf(device)]).toEqual([[], [4]]);
    expect(device.packets).toHaveLength(1);
  });

  it('handles afterwards what was sent meanwhile, in order', async () => {
    const { port, authenticator, intake } = await start({ u: ANYTHING });
    const release = authenticator.hold('u');
    const device = await rawClient(port);
    const packets = Array.from({ length: 150 }, (_, n) => publish({ messageId: n + 1, payload: String(n) }));
    device.socket.write(
      Buffer.concat([CONNECT_OF_U, ...packets].map((packet) => mqttPacket.generate(packet))),
    );
    await eventually(() => authenticator.asked.length === 1);
    release();
    await eventually(() => intake.accepted.length === packets.length);
    expect(intake.accepted.map(({ payload }) => Number(payload))).toEqual(packets.map((_, n) => n));
    intake.storeAll();
    await device.received('puback', packets.length);
  });

  it('leaves no way in for a CONNECT of exactly 65,536 bytes with a PUBLISH behind it [security 9]', async () => {
    const { port, authenticator, intake, broker } = await start({ u: ANYTHING });
    authenticator.hold('u');
    const device = await rawClient(port);
    const empty = mqttPacket.generate({ ...CONNECT_OF_U, password: Buffer.alloc(0) });
    // Its remaining length then takes three bytes instead of one.
    const filler = 65_536 - empty.length - 2;
    const connect = mqttPacket.generate({ ...CONNECT_OF_U, password: Buffer.alloc(filler, 'x') });
    expect(connect).toHaveLength(65_536);
    device.socket.write(Buffer.concat([connect, mqttPacket.generate(publish({ messageId: 1 }))]));
    await device.closed();
    expect([intake.accepted, authenticator.asked, device.packets]).toEqual([[], [], []]);
    expect(broker.counters().refused).toEqual({ ...createRefusalCounts(), 'packet-too-large': 1 });
  });

  it('that never answers ends with CONNACK 3 within broker.connectTimeout, and is counted [access 4]', async () => {
    const timers = new SetSchedule();
    const { port, authenticator, broker } = await start({ u: ANYTHING }, { schedule: timers.schedule });
    const release = authenticator.hold('u');
    const device = await rawClient(port);
    device.send(CONNECT_OF_U);
    await eventually(() => authenticator.asked.length === 1);
    timers.fire(2000);
    await device.closed();
    expect(returnCodeOf(device)).toEqual([3]);
    expect(broker.counters().refused).toEqual({ ...createRefusalCounts(), 'sign-in-busy': 1 });
    // An answer that comes too late changes nothing.
    release();
    expect(returnCodeOf(await connected(port, 'u', { clientId: 'another' }))).toEqual([0]);
    await eventually(() => broker.counters().connections === 1);
  });

  it('leaves nothing behind of a client that goes away meanwhile', async () => {
    const timers = new SetSchedule();
    const { port, authenticator, broker } = await start(
      { u: ANYTHING, v: ANYTHING },
      { schedule: timers.schedule },
    );
    const release = authenticator.hold('u');
    const device = await rawClient(port);
    device.send(CONNECT_OF_U);
    await eventually(() => authenticator.asked.length === 1);
    device.socket.destroy();
    await eventually(() => broker.counters().connections === 0);
    expect(timers.timers.size).toBe(0);
    release();
    await new Promise<void>((resolve) => setImmediate(resolve));
    expect(returnCodeOf(await connected(port, 'v'))).toEqual([0]);
  });
});

describe('an expired credential [security 8]', () => {
  const DAY_MS = 24 * 60 * 60_000;
  const nowMs = (clock: SetClock) => Number(clock.wallNs / 1_000_000n);

  it('ends the living connection, also after more than 24.8 days, and its will is not published', async () => {
    const [timers, clock] = [new SetSchedule(), new SetClock()];
    const { port, authenticator, broker, intake } = await start(
      { u: ANYTHING },
      { schedule: timers.schedule, clock },
    );
    const beginMs = nowMs(clock);
    authenticator.expiresAtMs.set('u', beginMs + 30 * DAY_MS);
    const will = { topic: 'w', payload: Buffer.from('gone'), qos: 1, retain: false } as const;
    const device = await connected(port, 'u', { will });
    timers.fire(0);
    const hour = 60 * 60_000;
    for (let n = 0; n < 30 * 24 - 1; n += 1) {
      // Node fires a timer of more than 2 ** 31 - 1 ms at once.
      expect(Math.max(...timers.delaysMs())).toBeLessThanOrEqual(hour);
      clock.wallNs += BigInt(hour) * 1_000_000n;
      timers.fire(hour);
    }
    device.send({ cmd: 'pingreq' });
    await device.received('pingresp');
    clock.wallNs += BigInt(hour) * 1_000_000n;
    timers.fire(hour);
    await device.closed();
    await eventually(() => broker.counters().connections === 0);
    expect(broker.counters().refused).toEqual({ ...createRefusalCounts(), 'credential-expired': 1 });
    expect(intake.accepted).toEqual([]);
  });

  it('that has expired while the sign-in was under way gets CONNACK 4', async () => {
    const clock = new SetClock();
    const { port, authenticator } = await start({ u: ANYTHING }, { clock });
    authenticator.expiresAtMs.set('u', nowMs(clock));
    const device = await connected(port, 'u');
    await device.closed();
    expect(returnCodeOf(device)).toEqual([4]);
  });
});

describe('a will [access 5] [security 14]', () => {
  const willOn = (topic: string) => ({
    will: { topic, payload: Buffer.from('gone'), qos: 1 as const, retain: true },
  });

  it('outside the rules is refused at CONNECT with CONNACK 5', async () => {
    const { port, broker, intake } = await start({ u: { publish: ['a/#'] } });
    const device = await connected(port, 'u', willOn('b'));
    await device.closed();
    expect(returnCodeOf(device)).toEqual([5]);
    expect(broker.counters().refused).toEqual({ ...createRefusalCounts(), 'publish-denied': 1 });
    expect(intake.accepted).toEqual([]);
  });

  it('within the rules is stored under the user', async () => {
    const { port, intake } = await start({ u: { publish: ['a/#'] } });
    (await connected(port, 'u', willOn('a/x'))).socket.destroy();
    await eventually(() => intake.accepted.length === 1);
    expect(intake.accepted[0]!.packet).toMatchObject({ topic: 'a/x', user: 'u' });
  });

  it.each([
    ['the rules no longer allow its topic', { u: { publish: ['b'] } }, 'publish-denied'],
    ['its user has gone', {}, 'access-changed'],
  ] as const)('is not published when %s', async (_what, rules, reason) => {
    const { port, intake, broker, replaceRules } = await start({ u: { publish: ['a/#'] } });
    const device = await connected(port, 'u', willOn('a/x'));
    replaceRules(rules);
    device.socket.destroy();
    await eventually(() => broker.counters().connections === 0);
    for (let n = 0; n < 10; n += 1) await new Promise<void>((resolve) => setImmediate(resolve));
    expect(intake.accepted).toEqual([]);
    expect(broker.counters().refused).toEqual({ ...createRefusalCounts(), [reason]: 1 });
  });
});
