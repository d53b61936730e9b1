import { expect, test } from 'vitest';
import { explainRecord, explanationJson } from '../../src/rules/explain-record.js';
import {
  type FollowedRecord,
  followedJson,
  MAX_WHOLE_PAYLOAD_BYTES,
} from '../../src/rules/followed-record.js';
import { DEFAULT_RULES } from '../../src/rules/rule-options.js';
import { compileOrThrow } from '../../src/rules/rule-set.js';
import { sampleRecord } from './sample-record.js';

const rules = compileOrThrow(DEFAULT_RULES);

function followed(payload: string | Buffer, withPayload?: boolean): FollowedRecord {
  const record = sampleRecord(payload, { topic: 'a/b' });
  return JSON.parse(
    followedJson(record, explanationJson(explainRecord(rules, record, () => 'x'.repeat(2_000))), withPayload),
  ) as FollowedRecord;
}

test('a record has its receive time, its publisher, its payload and its explanation', () => {
  expect(followed('{"t":1}')).toMatchObject({
    topic: 'a/b',
    clientId: 'client-1',
    qos: 1,
    receivedAt: '2024-11-21T02:23:06Z',
    payload: '{"t":1}',
    outcome: 'written',
    rule: 'default',
  });
});

test('what its publisher says of it is shown, cut', () => {
  const properties = { contentType: 'text/plain', userProperties: [['site', 'x'.repeat(1_000)]] } as const;
  const record = sampleRecord('5', { topic: 'a/b', properties });
  const json = JSON.parse(
    followedJson(record, explanationJson(explainRecord(rules, record, () => ''))),
  ) as FollowedRecord;
  expect(json).toMatchObject({
    format: 'text',
    formatBy: 'content-type',
    properties: { contentType: 'text/plain', user: [['site', `${'x'.repeat(200)}…`]] },
  });
});

test('of a payload the beginning is kept, and nothing unprintable', () => {
  expect(followed(Buffer.from('x\u202e'.repeat(1_000))).payload).toMatch(/^(x\\u202e){80}…$/);
  expect(followed('').payload).toBe('(empty)');
});

test('a large explanation is cut', () => {
  const payload = JSON.stringify(
    Object.fromEntries(Array.from({ length: 900 }, (_, at) => [`${'k'.repeat(60)}${at}`, at])),
  );
  const { values, moreValues, lines } = followed(payload);
  expect(values).toHaveLength(10);
  // Its time, its device and its topic are values too.
  expect(moreValues).toBe(893);
  expect(lines).toEqual(['x'.repeat(1_000)]);
});

test('a whole payload is there for a follower that asks for it, unless it is too large', () => {
  const payload = Buffer.from([0xff, 0x00, 0x7b]);
  expect(followed(payload, true).payloadBase64).toBe('/wB7');
  expect(followed(payload).payloadBase64).toBeUndefined();
  expect(followed(Buffer.alloc(MAX_WHOLE_PAYLOAD_BYTES), true).payloadBase64).toHaveLength(87_384);
  expect(followed(Buffer.alloc(MAX_WHOLE_PAYLOAD_BYTES + 1), true).payloadBase64).toBeUndefined();
});

test('of a message that the broker has not accepted nobody gets a payload to suggest rules from', () => {
  const refused = { reason: 'packet-too-large', detail: 'd', topicBytes: 3, payloadBytes: 300_000 } as const;
  const record = sampleRecord('{"t":1}', { topic: 'a/b', refused });
  const explanation = explanationJson(explainRecord(rules, record, () => ''));
  const shown = JSON.parse(followedJson(record, explanation, true)) as FollowedRecord;
  expect(shown).toMatchObject({ outcome: 'parked', code: 'packet-too-large', payload: '{"t":1}', lines: [] });
  expect(shown.tried.map(({ mismatch }) => mismatch)).toEqual([
    'the broker has not accepted the message, so no rule sees it',
  ]);
  expect(shown).not.toHaveProperty('payloadBase64');
});
