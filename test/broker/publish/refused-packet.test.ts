import { expect, it } from 'vitest';
import {
  KEPT_PAYLOAD_BYTES,
  type RefusedFacts,
  refusedPacket,
} from '../../../src/broker/publish/refused-packet.js';
import { isKeptWhole } from '../../../src/lib/refused-publish.js';

const facts = (changes: Partial<RefusedFacts>): RefusedFacts => ({
  clientId: 'meter-17',
  user: 'meters',
  topic: '$aws/things/meter-17',
  qos: 1,
  payload: Buffer.from('21.5'),
  payloadBytes: 4,
  reason: 'topic-not-accepted',
  detail: 'd',
  ...changes,
});
const isWhole = (changes: Partial<RefusedFacts>) => {
  const packet = refusedPacket(facts(changes));
  return isKeptWhole(packet, packet.refused!);
};

it('keeps all of a message whose topic is only not configured, so that it can be replayed', () => {
  const payload = Buffer.alloc(200 * 1024, 'p');
  const packet = refusedPacket(facts({ payload, payloadBytes: payload.length }));
  expect(packet).toEqual({
    clientId: 'meter-17',
    user: 'meters',
    topic: '$aws/things/meter-17',
    qos: 1,
    payload,
    refused: { reason: 'topic-not-accepted', detail: 'd', topicBytes: 20, payloadBytes: payload.length },
  });
  expect(isWhole({ payload, payloadBytes: payload.length })).toBe(true);
});

it('keeps the first KiB of a payload that was too large, or was read past', () => {
  const payload = Buffer.alloc(3_000, 'p');
  const tooLarge = refusedPacket(facts({ reason: 'packet-too-large', payload, payloadBytes: 300 * 1024 }));
  expect(tooLarge.payload).toHaveLength(KEPT_PAYLOAD_BYTES);
  expect(tooLarge.refused!.payloadBytes).toBe(300 * 1024);
  expect(refusedPacket(facts({ payload, payloadBytes: 3_001 })).payload).toHaveLength(KEPT_PAYLOAD_BYTES);
  expect(isWhole({ reason: 'packet-too-large', payload, payloadBytes: 3_000 })).toBe(false);
});

it.each([
  ['text', Buffer.from(`${'x'.repeat(1_022)}😀…`), 1_022],
  ['bytes', Buffer.alloc(2_000, 0xff), 1_024],
  ['a text with a byte that is none', Buffer.from([...Buffer.alloc(2_000, 'x')].fill(0xff, 3, 4)), 1_024],
])('ends the beginning of a payload at a character where it is text: %s', (_what, payload, keptBytes) => {
  const sent = { reason: 'packet-too-large', payloadBytes: 300_000 } as const;
  expect(refusedPacket(facts({ ...sent, payload })).payload).toHaveLength(keptBytes);
  expect(refusedPacket(facts({ ...sent, payload: payload.subarray(0, 1_024) })).payload).toHaveLength(
    keptBytes,
  );
});

it.each([
  ['x'.repeat(2_000), 1_024],
  [`${'x'.repeat(1_023)}ü/y`, 1_023],
  [`${'x'.repeat(1_022)}😀`, 1_022],
  [`${'x'.repeat(1_020)}😀y`, 1_024],
])('cuts a topic at a character (%#)', (topic, keptBytes) => {
  const packet = refusedPacket(facts({ topic }));
  expect(Buffer.byteLength(packet.topic)).toBe(keptBytes);
  expect(topic.startsWith(packet.topic)).toBe(true);
  expect(packet.refused!.topicBytes).toBe(Buffer.byteLength(topic));
  expect(isWhole({ topic })).toBe(false);
});

it('keeps the properties of a message that can be replayed, and of no other', () => {
  const properties = { contentType: 'text/plain' };
  expect(refusedPacket(facts({ properties })).properties).toEqual(properties);
  expect(refusedPacket(facts({ properties, reason: 'packet-too-large' })).properties).toBeUndefined();
});
