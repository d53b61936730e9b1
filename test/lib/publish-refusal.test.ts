import { expect, test } from 'vitest';
import { BROKER_REFUSALS } from '../../src/broker/refusals.js';
import { PARK_CODES } from '../../src/dead-letter/park-codes.js';
import { MAX_READ_PAST_BYTES, type PublishFacts, publishRefusal } from '../../src/lib/publish-refusal.js';

const FACTS: PublishFacts = { topic: 'a/b', clientId: 'c', qos: 1, payload: { length: 10 } };
const refusal = (facts: Partial<PublishFacts>, limit = 1_000) =>
  publishRefusal({ ...FACTS, ...facts }, limit, (level) => level === '$aws');

test('a message that the broker takes; the limit counts topic, packet id and payload', () => {
  expect(refusal({})).toBeUndefined();
  expect(refusal({ clientId: '' })).toBeUndefined();
  expect(refusal({}, 17)).toBeUndefined();
  expect(refusal({ qos: 0 }, 15)).toBeUndefined();
  expect(refusal({ topic: Array.from({ length: 100 }, () => 'x').join('/') })).toBeUndefined();
  expect(refusal({ topic: '$aws/things/x' })).toBeUndefined();
});

test.each<[Partial<PublishFacts>, string, string]>([
  [{ topic: '' }, 'publish-malformed', 'empty topic'],
  [{ topic: 'a/+' }, 'publish-malformed', 'wildcard in a topic name'],
  [{ topic: 'a\u0000' }, 'publish-malformed', 'NUL in a topic name'],
  [{ clientId: 'c'.repeat(129) }, 'connect-malformed', 'client id too long or with control characters'],
  [
    { payload: { length: MAX_READ_PAST_BYTES } },
    'packet-too-large',
    `publish of ${MAX_READ_PAST_BYTES + 7} bytes is over the limit of 1000`,
  ],
])('%o closes the connection', (facts, reason, detail) => {
  expect(refusal(facts)).toEqual({ outcome: 'closed', reason, detail });
  expect(BROKER_REFUSALS).toContain(reason);
});

test.each<[Partial<PublishFacts>, string, string]>([
  [{ topic: '$SYS/x' }, 'topic-not-accepted', 'topic reserved for the broker'],
  [
    { topic: '$dev/x' },
    'topic-not-accepted',
    'topic that begins with $, and the topic of no rule begins with its first level',
  ],
  [
    { topic: Array.from({ length: 101 }, () => 'x').join('/') },
    'topic-not-accepted',
    'topic with 101 levels, more than 100',
  ],
  [{ payload: { length: 994 } }, 'packet-too-large', 'publish of 1001 bytes is over the limit of 1000'],
])('%o is acknowledged and parked', (facts, reason, detail) => {
  expect(refusal(facts)).toEqual({ outcome: 'parked', reason, detail });
  expect(PARK_CODES).toContain(reason);
});

test('the state of a bridge is acknowledged and not stored', () => {
  expect(refusal({ topic: '$SYS/broker/connection/edge/state' })).toMatchObject({
    outcome: 'not-stored',
    reason: 'bridge-state',
  });
});
