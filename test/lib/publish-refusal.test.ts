import { expect, test } from 'vitest';
import { BROKER_REFUSALS } from '../../src/broker/refusals.js';
import { type PublishFacts, publishRefusal } from '../../src/lib/publish-refusal.js';

const FACTS: PublishFacts = { topic: 'a/b', clientId: 'c', qos: 1, payload: { length: 10 } };
const refusal = (facts: Partial<PublishFacts>, limit = 1_000) =>
  publishRefusal({ ...FACTS, ...facts }, limit);

test('a message that the broker takes; the limit counts topic, packet id and payload', () => {
  expect(refusal({})).toBeUndefined();
  expect(refusal({ clientId: '' })).toBeUndefined();
  expect(refusal({}, 17)).toBeUndefined();
  expect(refusal({ qos: 0 }, 15)).toBeUndefined();
  expect(refusal({ topic: Array.from({ length: 100 }, () => 'x').join('/') })).toBeUndefined();
});

test.each<[Partial<PublishFacts>, string, string]>([
  [{ topic: '' }, 'topic-invalid', 'empty topic'],
  [{ topic: 'a/+' }, 'topic-invalid', 'wildcard in a topic name'],
  [{ topic: '$SYS/x' }, 'topic-invalid', 'topic reserved for the broker'],
  [{ topic: 'a\u0000' }, 'topic-invalid', 'topic too long or with control characters'],
  [
    { topic: Array.from({ length: 101 }, () => 'x').join('/') },
    'topic-invalid',
    'topic with 101 levels, more than 100',
  ],
  [{ payload: { length: 994 } }, 'packet-too-large', 'publish of 1001 bytes is over the limit of 1000'],
  [{ clientId: 'c'.repeat(129) }, 'connect-malformed', 'client id too long or with control characters'],
])('%o', (facts, reason, detail) => {
  expect(refusal(facts)).toEqual({ reason, detail });
  expect(BROKER_REFUSALS).toContain(reason);
});
