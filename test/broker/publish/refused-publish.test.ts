import mqttPacket from 'mqtt-packet';
import { describe, expect, it } from 'vitest';
import type { BrokerDeps } from '../../../src/broker/broker.js';
import type { RetainedMessages } from '../../../src/broker/retained/retained-messages.js';
import { DollarTopics } from '../../../src/lib/dollar-topics.js';
import { HeldIntake, startBroker } from '../../support/broker-fixture.js';
import { CONNECT, eventually, publish, rawClient } from '../../support/raw-client.js';

const LIMIT = 256 * 1024;
const LEVELS = Array.from({ length: 150 }, () => 'x').join('/');
const ANSWERS = { 0: undefined, 1: 'puback', 2: 'pubrec' } as const;

async function connected(deps: Partial<BrokerDeps> = {}, connect: Partial<mqttPacket.IConnectPacket> = {}) {
  const intake = new HeldIntake();
  const started = await startBroker(intake, { maxPacketBytes: LIMIT }, deps);
  const device = await rawClient(started.port);
  device.send({ ...CONNECT, clientId: 'meter-17', ...connect });
  await device.received('connack');
  return { intake, device, ...started };
}

const CASES = [
  ['too large', { topic: 'a/b', payload: Buffer.alloc(300 * 1024, 'p') }, 'packet-too-large', 1_024],
  ['on a topic of 2,000 bytes', { topic: 'x'.repeat(2_000) }, 'topic-not-accepted', 1],
  ['on a topic of 150 levels', { topic: LEVELS }, 'topic-not-accepted', 1],
  ['on a topic with $ that nothing names', { topic: '$aws/x' }, 'topic-not-accepted', 1],
  ['on a topic of the broker', { topic: '$SYS/x' }, 'topic-not-accepted', 1],
  ['on a topic with a control character', { topic: 'a\u0007' }, 'topic-not-accepted', 1],
] as const;

describe.each([0, 1, 2] as const)('a message of QoS %i', (qos) => {
  it.each(CASES)(
    '%s is parked and answered, and the next one of the connection is stored',
    async (_what, packet, reason, keptBytes) => {
      const { intake, device, broker, lines } = await connected();
      const id = qos === 0 ? {} : { messageId: 7 };
      device.send(publish({ ...packet, ...id, qos, retain: true }));
      device.send(publish({ messageId: 8, payload: 'good' }));
      await eventually(() => intake.accepted.length === 2);
      const [refused, good] = intake.accepted;
      const payload = 'payload' in packet ? packet.payload : Buffer.from('x');
      expect(refused?.packet).toMatchObject({
        clientId: 'meter-17',
        qos,
        refused: { reason, topicBytes: Buffer.byteLength(packet.topic), payloadBytes: payload.length },
      });
      expect(packet.topic.startsWith(refused!.packet.topic)).toBe(true);
      expect(Buffer.byteLength(refused!.packet.topic)).toBeLessThanOrEqual(1_024);
      expect(refused?.payload).toBe(payload.subarray(0, keptBytes).toString());
      expect(good).toMatchObject({ payload: 'good', packet: { topic: 'a/b/c' } });
      expect(good?.packet.refused).toBeUndefined();
      // Not before it is stored [MQTT-4.6.0-2].
      expect(device.packets.map(({ cmd }) => cmd)).toEqual(['connack']);
      intake.storeAll();
      await device.received('puback', qos === 1 ? 2 : 1);
      const expected = [ANSWERS[qos], 'puback'].filter((cmd) => cmd !== undefined);
      expect(device.packets.slice(1).map(({ cmd }) => cmd)).toEqual(expected);
      expect(device.isClosed()).toBe(false);
      const counted = reason === 'packet-too-large' ? reason : 'topic-invalid';
      expect(broker.counters().refused[counted]).toBe(1);
      expect(broker.counters().retained.messages).toBe(0);
      expect(lines[0]).toMatchObject({ level: 'warn', fields: { reason: counted, clientId: 'meter-17' } });
    },
  );
});

it('a packet that is too large is read past in pieces of any size', async () => {
  const { intake, device } = await connected();
  const bytes = mqttPacket.generate(
    publish({ messageId: 9, topic: 'a/b', payload: Buffer.alloc(LIMIT, 'p') }),
  );
  for (let at = 0; at < 40; at += 1) {
    device.socket.write(bytes.subarray(at, at + 1));
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
  device.socket.write(bytes.subarray(40));
  device.socket.write(mqttPacket.generate(publish({ messageId: 10 })));
  await eventually(() => intake.accepted.length === 2);
  intake.storeAll();
  await device.received('puback', 2);
  expect(intake.accepted[0]).toMatchObject({
    packet: { refused: { payloadBytes: LIMIT } },
    payload: 'p'.repeat(1_024),
  });
});

it('a packet beyond what is read past ends the connection when its length is read', async () => {
  const { intake, device, broker } = await connected();
  // PUBLISH, remaining length 100 MB.
  device.socket.write(Buffer.from([0x32, 0x80, 0xc2, 0xd7, 0x2f]));
  await device.closed();
  expect(broker.counters().refused['packet-too-large']).toBe(1);
  expect(intake.accepted).toEqual([]);
});

it.each([
  ['an empty topic [MQTT-4.7.3-1]', ''],
  ['a wildcard in its topic [MQTT-3.3.2-2]', 'a/+/b'],
])(
  'a packet that is too large and has %s ends the connection, and nothing is stored',
  async (_what, topic) => {
    const { intake, device, broker } = await connected();
    const good = mqttPacket.generate(
      publish({
        messageId: 9,
        topic: 'y'.repeat(Buffer.byteLength(topic)) || 'y',
        payload: Buffer.alloc(LIMIT),
      }),
    );
    const bytes = Buffer.from(good);
    if (topic === '') bytes.writeUInt16BE(0, 4);
    else bytes.write(topic, 6);
    device.socket.write(bytes);
    await device.closed();
    expect(intake.accepted).toEqual([]);
    expect(broker.counters().refused['publish-malformed']).toBe(1);
  },
);

it('a topic with $ is taken as long as a rule names its first level', async () => {
  const topics = new DollarTopics(['$aws/+/x']);
  const { intake, device } = await connected({ isNamedLevel: (level) => topics.isNamed(level) });
  const send = async (messageId: number) => {
    device.send(publish({ messageId, topic: '$aws/things' }));
    await eventually(() => intake.accepted.length === messageId);
    return intake.accepted.at(-1)?.packet.refused?.reason;
  };
  expect(await send(1)).toBeUndefined();
  topics.replace(['#']);
  expect(await send(2)).toBe('topic-not-accepted');
  topics.replace(['$aws/#']);
  expect(await send(3)).toBeUndefined();
});

describe('the state of a bridge', () => {
  const topic = '$SYS/broker/connection/hall.edge/state';
  const kept = new Map<string, string>();
  const retained: RetainedMessages = {
    set: (name, payload) => void kept.set(name, payload.toString()),
    matching: () => [],
    counters: () => ({ messages: kept.size, bytes: 0, refused: 0, expired: 0 }),
  };

  it('is acknowledged and retained, and is no record', async () => {
    kept.clear();
    const { intake, device, broker } = await connected({ retained });
    device.send(publish({ messageId: 1, topic, payload: '1', retain: true }));
    await device.received('puback');
    expect(kept).toEqual(new Map([[topic, '1']]));
    expect(intake.accepted).toEqual([]);
    expect(broker.counters()).toMatchObject({ bridgeStates: 1, packetsAccepted: 0, acknowledged: 1 });
  });

  it('may be a will', async () => {
    kept.clear();
    const will = { topic, payload: Buffer.from('0'), qos: 1, retain: true } as const;
    const { intake, device } = await connected({ retained }, { will });
    device.socket.destroy();
    await eventually(() => kept.size === 1);
    expect(kept).toEqual(new Map([[topic, '0']]));
    expect(intake.accepted).toEqual([]);
  });
});

it('a will on a topic that is not taken is parked', async () => {
  const will = { topic: '$aws/x', payload: Buffer.from('gone'), qos: 1, retain: false } as const;
  const { intake, device } = await connected({}, { will });
  device.socket.destroy();
  await eventually(() => intake.accepted.length === 1);
  expect(intake.accepted[0]).toMatchObject({
    payload: 'gone',
    packet: { refused: { reason: 'topic-not-accepted' } },
  });
});
