import fc from 'fast-check';
import mqttPacket from 'mqtt-packet';
import { expect, it } from 'vitest';
import { decodeConnect } from '../../../src/broker/protocol/decode-connect.js';
import {
  decodeAcknowledgement,
  decodeSubscribe,
  decodeUnsubscribe,
} from '../../../src/broker/protocol/decode-packets.js';
import { filterSyntaxFault } from '../../../src/broker/protocol/filter-syntax-fault.js';
import { PACKET_TYPES, PacketFault, type QoS } from '../../../src/broker/protocol/packets.js';
import {
  lengthOfHeader,
  readFixedHeader,
  remainingLengthOf,
} from '../../../src/broker/protocol/read-fixed-header.js';

/** The bytes of a packet as mqtt-packet writes them, which knows nothing of our decoders. */
function generated(packet: object): { flags: number; body: Buffer } {
  const bytes = mqttPacket.generate(packet as mqttPacket.Packet);
  const header = readFixedHeader(bytes, 0);
  const body = bytes.subarray(lengthOfHeader(header));
  expect(body.length).toBe(remainingLengthOf(header));
  return { flags: (bytes[0] ?? 0) & 15, body };
}

const text = (minLength: number) =>
  fc.string({ unit: 'grapheme', minLength, maxLength: 40 }).filter((all) => !all.includes('\0'));
const topic = text(1).filter((all) => !/[+#]/.test(all));
const filter = fc
  .array(fc.oneof(topic, fc.constantFrom('+', '#', '')), { minLength: 1, maxLength: 6 })
  .map((levels) => levels.join('/'))
  .filter((all) => filterSyntaxFault(4, all) === undefined);
const bytes = fc.uint8Array({ maxLength: 40 }).map((all) => Buffer.from(all));
const qos = fc.constantFrom<QoS>(0, 1, 2);
const packetId = fc.integer({ min: 1, max: 65_535 });

const connectPacket = fc
  .record({
    level: fc.constantFrom<3 | 4>(3, 4),
    isBridge: fc.boolean(),
    isCleanStart: fc.boolean(),
    keepAliveSeconds: fc.integer({ min: 0, max: 65_535 }),
    clientId: text(1),
    userName: fc.option(text(1), { nil: undefined }),
    password: fc.option(bytes, { nil: undefined }),
    will: fc.option(fc.record({ topic, payload: bytes, qos, isRetained: fc.boolean() }), { nil: undefined }),
  })
  .map((packet) => ({ ...packet, password: packet.userName === undefined ? undefined : packet.password }));

it('reads every CONNECT that mqtt-packet writes', () => {
  fc.assert(
    fc.property(connectPacket, (packet) => {
      const { body } = generated({
        cmd: 'connect',
        protocolId: packet.level === 4 ? 'MQTT' : 'MQIsdp',
        protocolVersion: packet.level,
        bridgeMode: packet.isBridge,
        clean: packet.isCleanStart,
        keepalive: packet.keepAliveSeconds,
        clientId: packet.clientId,
        ...(packet.userName !== undefined && { username: packet.userName }),
        ...(packet.password !== undefined && { password: packet.password }),
        ...(packet.will !== undefined && { will: { ...packet.will, retain: packet.will.isRetained } }),
      });
      expect(decodeConnect(body)).toMatchObject(packet);
    }),
  );
});

it('reads every SUBSCRIBE and UNSUBSCRIBE that mqtt-packet writes', () => {
  const subscriptions = fc.array(fc.record({ filter, qos }), { minLength: 1, maxLength: 8 });
  fc.assert(
    fc.property(packetId, subscriptions, (id, wanted) => {
      const subscribe = generated({
        cmd: 'subscribe',
        messageId: id,
        subscriptions: wanted.map((each) => ({ topic: each.filter, qos: each.qos })),
      });
      expect(decodeSubscribe(4, subscribe.flags, subscribe.body)).toEqual({
        packetId: id,
        subscriptions: wanted,
      });
      const filters = wanted.map((each) => each.filter);
      const unsubscribe = generated({ cmd: 'unsubscribe', messageId: id, unsubscriptions: filters });
      expect(decodeUnsubscribe(4, unsubscribe.flags, unsubscribe.body)).toEqual({ packetId: id, filters });
    }),
  );
});

it.each(['puback', 'pubrec', 'pubrel', 'pubcomp'] as const)('reads a %s that mqtt-packet writes', (cmd) => {
  const { flags, body } = generated({ cmd, messageId: 515 });
  expect(decodeAcknowledgement(4, PACKET_TYPES[cmd], flags, body)).toBe(515);
});

it('never throws, whatever the bytes are', () => {
  const anyBytes = fc.uint8Array({ maxLength: 80 }).map((all) => Buffer.from(all));
  // Behind a start that is right, random bytes come further.
  const connectStart = Buffer.from([0, 4, 0x4d, 0x51, 0x54, 0x54, 4]);
  const flags = fc.integer({ min: 0, max: 15 });
  fc.assert(
    fc.property(anyBytes, flags, (random, anyFlags) => {
      const results = [
        decodeConnect(random),
        decodeConnect(Buffer.concat([connectStart, random])),
        decodeSubscribe(4, anyFlags, random),
        decodeSubscribe(4, 2, Buffer.concat([Buffer.from([0, 1, 0, 1]), random])),
        decodeUnsubscribe(4, anyFlags, random),
        decodeUnsubscribe(4, 2, Buffer.concat([Buffer.from([0, 1, 0, 1]), random])),
        decodeAcknowledgement(4, PACKET_TYPES.puback, anyFlags, random),
      ];
      for (const result of results) {
        expect(
          typeof result === 'number' ||
            result instanceof PacketFault ||
            'packetId' in result ||
            'clientId' in result,
        ).toBe(true);
      }
      const header = readFixedHeader(random, 0);
      if (header > 0) expect(lengthOfHeader(header)).toBeGreaterThanOrEqual(2);
    }),
    { numRuns: 2000 },
  );
});
