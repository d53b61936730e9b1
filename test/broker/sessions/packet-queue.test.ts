import fc from 'fast-check';
import mqttPacket from 'mqtt-packet';
import { describe, expect, it } from 'vitest';
import { setPacketId, topicOf } from '../../../src/broker/protocol/write-delivery.js';
import { PacketQueue } from '../../../src/broker/sessions/packet-queue.js';
import { usedBytes } from '../../support/used-bytes.js';

function parsed(packet: Buffer): mqttPacket.IPublishPacket {
  const packets: mqttPacket.Packet[] = [];
  const parser = mqttPacket.parser();
  parser.on('packet', (one) => packets.push(one));
  parser.parse(packet);
  expect(packets).toHaveLength(1);
  return packets[0] as mqttPacket.IPublishPacket;
}

const message = fc.record({
  topic: fc
    .string({ unit: 'grapheme', minLength: 1, maxLength: 40 })
    .map((topic) => topic.replace(/[+#\0]/g, 'x')),
  payloadBytes: fc.oneof(fc.nat(300), fc.constantFrom(900, 1024, 5_000, 70_000)),
  qos: fc.constantFrom(1 as const, 2 as const),
  isRetained: fc.boolean(),
});
const step = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('push' as const), message }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom('take' as const, 'drop' as const) }) },
);

describe('PacketQueue', () => {
  it('gives back what was pushed, oldest first, and counts it, whatever the sizes', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 400 }), (steps) => {
        const queue = new PacketQueue();
        const expected: {
          topic: string;
          payload: Buffer;
          qos: 1 | 2;
          retain: boolean;
          countedBytes: number;
        }[] = [];
        for (const [number, one] of steps.entries()) {
          if (one.kind === 'push') {
            const { topic, payloadBytes, qos, isRetained: retain } = one.message;
            const payload = Buffer.alloc(payloadBytes, number);
            const countedBytes = payloadBytes + 7;
            queue.pushDelivery(Buffer.from(topic), payload, qos, retain, countedBytes);
            expected.push({ topic, payload, qos, retain, countedBytes });
          } else if (one.kind === 'drop') {
            expect(queue.drop()).toBe(expected.shift()?.countedBytes ?? 0);
          } else {
            const taken = queue.take();
            const next = expected.shift();
            expect(taken?.countedBytes).toBe(next?.countedBytes);
            if (taken === undefined || next === undefined) continue;
            setPacketId(taken.packet, 258);
            const { topic, payload, qos, retain } = next;
            const packet = parsed(taken.packet);
            expect(payload.equals(packet.payload as Uint8Array)).toBe(true);
            expect(packet).toMatchObject({ topic, qos, retain, messageId: 258 });
            expect(topicOf(taken.packet)).toBe(topic);
          }
          expect(queue.length).toBe(expected.length);
          expect(queue.bytes).toBe(expected.reduce((sum, { countedBytes }) => sum + countedBytes, 0));
        }
      }),
      { numRuns: 200 },
    );
  });

  it('keeps whole packets, with what they count for and when they expire', () => {
    const queue = new PacketQueue();
    const packet = Buffer.from([0x32, 6, 0, 1, 0x61, 0, 0, 0x78]);
    queue.push({ packet, countedBytes: 9, expiresAtMs: 1_796_000_000_123 });
    packet.fill(0);
    expect(queue.take()).toEqual({
      packet: Buffer.from([0x32, 6, 0, 1, 0x61, 0, 0, 0x78]),
      countedBytes: 9,
      expiresAtMs: 1_796_000_000_123,
    });
    expect(queue.take()).toBeUndefined();
  });

  it('needs little memory for one message, and frees what it has needed for many', () => {
    const topic = Buffer.from('sensors/a/telemetry');
    const payload = Buffer.alloc(100, 'x');
    const before = usedBytes();
    const queues = Array.from({ length: 1_000 }, () => new PacketQueue());
    for (const queue of queues) queue.pushDelivery(topic, payload, 1, false, 250);
    expect((usedBytes() - before) / queues.length).toBeLessThan(2_048);
    const [many] = queues;
    for (let n = 0; n < 100_000; n += 1) many!.pushDelivery(topic, payload, 1, false, 250);
    const full = usedBytes();
    while (many!.length > 0) many!.drop();
    expect(full - usedBytes()).toBeGreaterThan(100_000 * 120);
    expect(queues).toHaveLength(1_000);
  });
});
