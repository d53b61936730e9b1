import { connect as connectTcp } from 'node:net';
import mqttPacket from 'mqtt-packet';
import { describe, expect, it, onTestFinished } from 'vitest';
import { KeptRetained, RETAINED_DEFAULTS } from '../../src/broker/retained/kept-retained.js';
import { SessionDeliveries } from '../../src/broker/sessions/session-deliveries.js';
import { HeldIntake, startBroker } from '../support/broker-fixture.js';
import { CONNECT, eventually, publish, rawClient } from '../support/raw-client.js';

type Connect = Partial<mqttPacket.IConnectPacket>;
const WILL = { payload: Buffer.from('x'), qos: 0, retain: false } as const;

describe('names one over their limit [security 25]', () => {
  it.each([
    ['a client id of 128 bytes', { clientId: 'ü'.repeat(64) }, 0],
    ['a client id of 129 bytes', { clientId: `x${'ü'.repeat(64)}` }, 2],
    ['a user name of 256 bytes', { clientId: 'd', username: 'ü'.repeat(128) }, 0],
    ['a user name of 257 bytes', { clientId: 'd', username: `x${'ü'.repeat(128)}` }, 4],
    // Like a message on such a topic, which is acknowledged and parked.
    ['a will topic of 1,025 bytes', { clientId: 'd', will: { ...WILL, topic: 'x'.repeat(1025) } }, 0],
    ['a will topic of 101 levels', { clientId: 'd', will: { ...WILL, topic: 'a/'.repeat(100) } }, 0],
  ] satisfies [string, Connect, number][])('in CONNECT: %s', async (_what, options, returnCode) => {
    const { port, broker } = await startBroker(new HeldIntake());
    const device = await rawClient(port);
    device.send({ ...CONNECT, ...options });
    await (returnCode === 0 ? device.received('connack') : device.closed());
    expect(device.packets).toMatchObject([{ cmd: 'connack', returnCode }]);
    expect(broker.counters().refused['connect-malformed']).toBe(returnCode === 0 ? 0 : 1);
  });

  it.each([
    ['1,024 bytes', 'ü'.repeat(512), true],
    ['1,025 bytes', `x${'ü'.repeat(512)}`, false],
    ['100 levels', 'a/'.repeat(99), true],
    ['101 levels', 'a/'.repeat(100), false],
  ])('in the topic of PUBLISH: %s', async (_what, topic, isAccepted) => {
    const intake = new HeldIntake();
    const { port, broker } = await startBroker(intake);
    const device = await rawClient(port);
    device.send({ ...CONNECT, clientId: 'd' });
    await device.received('connack');
    device.send(publish({ topic, messageId: 1 }));
    await eventually(() => intake.accepted.length === 1);
    expect(intake.accepted[0]?.packet.refused === undefined).toBe(isAccepted);
    expect(broker.counters().refused['topic-invalid']).toBe(isAccepted ? 0 : 1);
  });

  it('in a topic filter: 1,025 bytes', async () => {
    const { port, broker } = await startBroker(new HeldIntake());
    const device = await rawClient(port);
    device.send({ ...CONNECT, clientId: 'd' });
    const subscribeTo = (messageId: number, topic: string) =>
      device.send({ cmd: 'subscribe', messageId, subscriptions: [{ topic, qos: 0 }] });
    subscribeTo(1, 'x'.repeat(1024));
    await device.received('suback');
    subscribeTo(2, 'x'.repeat(1025));
    await device.received('suback', 2);
    expect(device.packets.at(-1)).toMatchObject({ cmd: 'suback', granted: [128] });
    expect(broker.counters().refused['subscribe-denied']).toBe(1);
  });
});

describe('topics that begin with $ [security 13]', () => {
  it.each(['$SYS/broker/x', '$share/group/a', '$x', '$'])('%s is parked, before any rule', async (topic) => {
    const intake = new HeldIntake();
    const { port, broker } = await startBroker(intake);
    const device = await rawClient(port);
    device.send({ ...CONNECT, clientId: 'd' });
    await device.received('connack');
    device.send(publish({ topic, messageId: 1 }));
    await eventually(() => intake.accepted.length === 1);
    expect(intake.accepted[0]?.packet).toMatchObject({ topic, refused: { reason: 'topic-not-accepted' } });
    expect(broker.counters().refused['topic-invalid']).toBe(1);
  });
});

describe('what would stay in memory for clients that are gone', () => {
  it('are no more retained messages than the bound, of any QoS and of wills [security 14]', async () => {
    const intake = new HeldIntake();
    const retained = new KeptRetained({ ...RETAINED_DEFAULTS, maxMessages: 100 }, { warn: () => undefined });
    const { port, broker } = await startBroker(intake, {}, { retained });
    const pump = setInterval(() => intake.storeAll(), 1);
    onTestFinished(() => clearInterval(pump));
    const device = await rawClient(port);
    device.send({ ...CONNECT, clientId: 'd', will: { ...WILL, topic: 'will', retain: true } });
    await device.received('connack');
    const count = 3000;
    for (let n = 0; n < count; n += 1) {
      const qos = (n % 3) as 0 | 1 | 2;
      device.send(
        publish({ topic: `r/${n}`, retain: true, qos, messageId: n + 1, payload: 'x'.repeat(100) }),
      );
      if (qos === 2) device.send({ cmd: 'pubrel', messageId: n + 1 });
    }
    await device.received('puback', count / 3);
    await device.received('pubcomp', count / 3);
    device.socket.destroy();
    await eventually(() => broker.counters().connections === 1 && intake.accepted.length === count + 1);
    const observer = await rawClient(port);
    observer.send({ ...CONNECT, clientId: 'o' });
    await observer.received('connack');
    observer.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: '#', qos: 0 }] });
    await observer.received('suback');
    await observer.received('publish', 100);
    const topics = observer.packets.filter((packet) => packet.cmd === 'publish').map(({ topic }) => topic);
    expect(topics).toEqual(Array.from({ length: 100 }, (_, n) => `r/${n}`));
    expect(broker.counters().retained).toMatchObject({ messages: 100, refused: count - 100 + 1 });
  });

  it('are no more sessions than the bound, however many clients ask for one: those of the longest absent end [security 15]', async () => {
    const deliveries = new SessionDeliveries({ maxSessions: 100 }, { warn: () => undefined });
    onTestFinished(() => deliveries.close());
    const { port, broker } = await startBroker(new HeldIntake(), {}, { deliveries });
    const visits = async (first: number, count: number) => {
      const connacks: unknown[] = [];
      for (let n = first; n < first + count; n += 1) connacks.push(await visit(port, `d${n}`));
      return connacks;
    };
    const total = 2_000;
    const atOnce = 20;
    const share = total / atOnce;
    await Promise.all(Array.from({ length: atOnce }, (_, n) => visits(n * share, share)));
    await eventually(() => broker.counters().connections === 0);
    expect(broker.counters().deliveries).toMatchObject({ observers: 0, sessions: 100, subscriptions: 100 });
    // With a stored session the byte is 1 [MQTT-3.2.2-2].
    expect(await visits(total - 1, 1)).toEqual([1]);
    expect(await visits(0, 1)).toEqual([0]);
  });
});

/** Connects without a clean session, subscribes, goes away, and returns the byte `session present` of the CONNACK. */
function visit(port: number, clientId: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const socket = connectTcp(port, '127.0.0.1');
    let received = Buffer.alloc(0);
    socket.write(
      Buffer.concat([
        mqttPacket.generate({ ...CONNECT, clientId, clean: false }),
        mqttPacket.generate({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: clientId, qos: 1 }] }),
      ]),
    );
    socket.on('data', (bytes) => {
      received = Buffer.concat([received, bytes]);
      // CONNACK has four bytes, SUBACK five.
      if (received.length >= 9) socket.destroy();
    });
    socket.on('error', reject);
    socket.on('close', () => resolve(received[2]));
  });
}
