import fc from 'fast-check';
import mqttPacket from 'mqtt-packet';
import { expect, it } from 'vitest';
import {
  acknowledgement,
  connack,
  lengthOfPublish,
  PINGRESP,
  publishPacket,
  suback,
  unsuback,
} from '../../../src/broker/protocol/encode-packets.js';
import type { QoS } from '../../../src/broker/protocol/packets.js';
import { FIRST_BYTES } from '../../../src/broker/protocol/packets.js';
import {
  lengthOfHeader,
  readFixedHeader,
  remainingLengthOf,
} from '../../../src/broker/protocol/read-fixed-header.js';

/** The packets in the bytes as mqtt-packet reads them, which knows nothing of our encoder. */
function parsed(bytes: Buffer): object[] {
  const packets: object[] = [];
  const parser = mqttPacket.parser({ protocolVersion: 4 });
  parser.on('packet', (packet: object) => packets.push({ ...packet }));
  parser.on('error', (error: Error) => expect.unreachable(error.message));
  expect(parser.parse(bytes)).toBe(0);
  return packets;
}

it.each([
  ['a CONNACK', connack(false, 0), { cmd: 'connack', sessionPresent: false, returnCode: 0 }],
  ['a CONNACK with a session', connack(true, 0), { cmd: 'connack', sessionPresent: true, returnCode: 0 }],
  ['a refusal, without a session [MQTT-3.2.2-4]', connack(true, 5), { sessionPresent: false, returnCode: 5 }],
  ['a SUBACK', suback(258, [0, 1, 2, 0x80]), { cmd: 'suback', messageId: 258, granted: [0, 1, 2, 128] }],
  ['an UNSUBACK', unsuback(65_535), { cmd: 'unsuback', messageId: 65_535 }],
  ['a PUBACK', acknowledgement(FIRST_BYTES.puback, 1), { cmd: 'puback', messageId: 1 }],
  ['a PUBREC', acknowledgement(FIRST_BYTES.pubrec, 256), { cmd: 'pubrec', messageId: 256 }],
  ['a PUBREL', acknowledgement(FIRST_BYTES.pubrel, 258), { cmd: 'pubrel', messageId: 258 }],
  ['a PUBCOMP', acknowledgement(FIRST_BYTES.pubcomp, 65_535), { cmd: 'pubcomp', messageId: 65_535 }],
  ['a PINGRESP', PINGRESP, { cmd: 'pingresp' }],
])('writes %s', (_, bytes, packet) => {
  expect(parsed(bytes)).toEqual([expect.objectContaining(packet)]);
});

it('writes a SUBACK for more filters than fit in a length of one byte', () => {
  const granted = Array.from({ length: 20_000 }, (_, i) => i % 3);
  expect(parsed(suback(9, granted))).toEqual([expect.objectContaining({ messageId: 9, granted })]);
});

const publishFields = fc.record({
  topic: fc
    .string({ unit: 'grapheme', minLength: 1, maxLength: 60 })
    .filter((topic) => !/[+#\0]/.test(topic)),
  payload: fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
  qos: fc.constantFrom<QoS>(0, 1, 2),
  packetId: fc.integer({ min: 1, max: 65_535 }),
  isRetained: fc.boolean(),
  isDuplicate: fc.boolean(),
});

it('writes a PUBLISH as mqtt-packet reads it, from a string and from bytes', () => {
  fc.assert(
    fc.property(publishFields, (any) => {
      const fields = { ...any, isDuplicate: any.isDuplicate && any.qos > 0 };
      const packet = publishPacket(fields);
      expect(publishPacket({ ...fields, topic: Buffer.from(fields.topic) })).toEqual(packet);
      expect(packet.length).toBe(
        lengthOfPublish(Buffer.byteLength(fields.topic), fields.payload.length, fields.qos),
      );
      expect(parsed(packet)).toEqual([
        expect.objectContaining({
          topic: fields.topic,
          payload: fields.payload,
          qos: fields.qos,
          retain: fields.isRetained,
          dup: fields.isDuplicate,
          ...(fields.qos > 0 && { messageId: fields.packetId }),
        }),
      ]);
    }),
  );
});

it.each([0, 1, 121, 122, 123, 16_000, 16_376, 16_377, 16_378, 2_097_144, 2_097_145, 2_097_146])(
  'writes the length of a PUBLISH with %i bytes of payload',
  (payloadBytes) => {
    const payload = Buffer.alloc(payloadBytes, 'x');
    const fields = { topic: 'a/b', payload, isRetained: false, isDuplicate: false };
    for (const qos of [0, 1] as const) {
      const packet = publishPacket({ ...fields, qos, packetId: 7 });
      const header = readFixedHeader(packet, 0);
      expect(lengthOfHeader(header) + remainingLengthOf(header)).toBe(packet.length);
      expect(packet.length).toBe(lengthOfPublish(3, payloadBytes, qos));
      expect(payload.equals(packet.subarray(packet.length - payloadBytes))).toBe(true);
    }
  },
);

it('writes a PUBLISH that holds no other memory than its own', () => {
  const payload = Buffer.from('1');
  const packet = publishPacket({
    topic: 'a',
    payload,
    qos: 0,
    packetId: 0,
    isRetained: false,
    isDuplicate: false,
  });
  expect(packet.buffer.byteLength).toBe(packet.length);
});
