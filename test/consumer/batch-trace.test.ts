import { expect, test } from 'vitest';
import { BatchTrace } from '../../src/consumer/batch-trace.js';
import { prepareBatch } from '../../src/consumer/prepare-batch.js';
import { parkedRecord } from '../../src/dead-letter/parked-record.js';
import { SystemClock } from '../../src/lib/clock.js';
import { StateTables } from '../../src/lib/state-tables.js';
import type { Mapped } from '../../src/rules/mapped.js';
import type { RecordSpan } from '../../src/stream/record-trace.js';
import type { RecordBatch, StreamRecord } from '../../src/stream/stream.js';

const MADE: Readonly<Record<string, () => Mapped>> = {
  good: () => ({ kind: 'points', rule: 'a', points: [] }),
  refused: () => ({ kind: 'points', rule: 'a', points: [] }),
  ignored: () => ({ kind: 'filtered', rule: 'b' }),
  broken: () => ({ kind: 'parked', code: 'payload-not-json', reason: 'no JSON' }),
  bug: () => {
    throw new Error('a bug');
  },
};
const TOPICS = Object.keys(MADE);

test('every followed record has its rule and its outcome, whatever became of it', () => {
  const records = [...TOPICS, 'not-followed'].map(
    (topic, nth): StreamRecord =>
      ({
        receivedAtNs: BigInt(nth + 1),
        topic,
        clientId: 'c',
        qos: 1,
        payload: Buffer.alloc(0),
      }) as StreamRecord,
  );
  const batch = { parts: [{ partition: 'p', records }] } as unknown as RecordBatch;
  const spans: RecordSpan[] = [];
  const trace = new BatchTrace(
    { isFollowed: (atNs) => atNs <= BigInt(TOPICS.length), add: (span) => void spans.push(span) },
    new SystemClock(),
  );
  const apply = trace.noting(({ topic }) => (MADE[topic] ?? MADE.good!)());
  prepareBatch(batch, apply, () => new StateTables(), 0);
  trace.decided(batch, 0n);
  const refused = parkedRecord(records[1]!, { code: 'store-refused', reason: 'no' }, 0);
  trace.completed(batch, 0n, [{ part: 0, parked: refused }]);

  const of = (name: string) =>
    spans
      .filter((span) => span.name === name)
      .map(({ receivedAtNs, rule, outcome, reason }) => [
        TOPICS[Number(receivedAtNs) - 1],
        rule,
        outcome,
        reason,
      ]);
  const both = [
    ['ignored', 'b', 'filtered', undefined],
    ['broken', undefined, 'parked', 'payload-not-json'],
    ['bug', undefined, 'parked', 'mapping-failed'],
  ];
  expect(of('decide')).toEqual([
    ['good', 'a', undefined, undefined],
    ['refused', 'a', undefined, undefined],
    ...both,
  ]);
  expect(of('write')).toEqual([
    ['good', 'a', 'written', undefined],
    ['refused', 'a', 'parked', 'store-refused'],
    ...both,
  ]);
  trace.completed(batch, 0n, []);
  expect(of('write')).toHaveLength(TOPICS.length);
});
