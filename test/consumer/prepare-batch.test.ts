import { expect, test } from 'vitest';
import {
  parkRejected,
  prepareBatch,
  prepareBatchBySlices,
  recordOutcomes,
} from '../../src/consumer/prepare-batch.js';
import { Ledger } from '../../src/ledger/ledger.js';
import { StateTables } from '../../src/lib/state-tables.js';
import type { Mapped } from '../../src/rules/mapped.js';
import type { Point } from '../../src/sink/point.js';
import type { RecordBatch, StreamRecord } from '../../src/stream/stream.js';
import { sampleRecord } from '../rules/sample-record.js';

const NOW_MS = 1_773_000_312_500;

function point(value: number): Point {
  return {
    series: { measurement: 'm', tags: [] },
    fields: [{ name: 'v', type: 'float', value }],
    timestampNs: BigInt(value),
  };
}

/** What the rules make of each topic. */
const MADE: Readonly<Record<string, Mapped>> = {
  two: { kind: 'points', rule: 'r', points: [point(1), point(2)] },
  partly: {
    kind: 'parked',
    rule: 'r',
    code: 'field-wrong-type',
    reason: 'element 1: the field "v" is the string "x"',
    points: [point(3), point(4)],
  },
  parked: { kind: 'parked', code: 'rule-none', reason: 'no rule' },
  filtered: { kind: 'filtered', rule: 'f' },
};

function prepared(...topics: readonly string[]) {
  const records = topics.map((topic) => sampleRecord('{}', { topic }));
  const batch: RecordBatch = {
    parts: [{ partition: 'p', records, lost: { damaged: 0, dropped: 0 } }],
    position: '',
    release: () => undefined,
  };
  return prepareBatch(
    batch,
    ({ topic }: StreamRecord) => MADE[topic]!,
    () => new StateTables(),
    NOW_MS,
  );
}

function outcomes(batch: ReturnType<typeof prepared>, rejectedPoints: readonly number[]) {
  const rejections = rejectedPoints.map((index) => {
    return { index, code: 'store-refused' as const, reason: `point ${index}` };
  });
  const rejected = parkRejected(batch, rejections, NOW_MS);
  const ledger = new Ledger();
  recordOutcomes(ledger, batch, rejected, new Map());
  const { written, parked, filtered } = ledger.totals();
  return { rejected: rejected.map((one) => one.parked), written, parked, filtered };
}

test('the good points of a parked record are sent to the store, and the record has one outcome', () => {
  const batch = prepared('two', 'partly', 'parked', 'filtered');
  expect(batch.points.map(({ timestampNs }) => timestampNs)).toEqual([1n, 2n, 3n, 4n]);
  expect(batch.parts[0]).toMatchObject({ sources: 1, parked: [{ topic: 'partly' }, { topic: 'parked' }] });
  expect(outcomes(batch, [])).toMatchObject({
    rejected: [],
    written: 1,
    parked: { 'field-wrong-type': 1, 'rule-none': 1 },
    filtered: { f: 1 },
  });
});

test('a point that the store refuses of a record that is parked already parks nothing twice, and keeps its reason', () => {
  const batch = prepared('partly', 'two');
  // Points 0 and 1 are of the parked record.
  expect(outcomes(batch, [0, 1])).toMatchObject({
    rejected: [],
    written: 1,
    parked: { 'field-wrong-type': 1 },
  });
  expect(batch.parts[0]!.parked[0]).toMatchObject({
    code: 'field-wrong-type',
    reason: 'element 1: the field "v" is the string "x"',
  });
  expect(outcomes(batch, [1, 3])).toMatchObject({
    rejected: [{ topic: 'two', code: 'store-refused', refusedPoints: [{ index: 1, reason: 'point 3' }] }],
    written: 0,
    parked: { 'field-wrong-type': 1, 'store-refused': 1 },
  });
});

test('a record of which the store refuses every point is parked as a whole', () => {
  const { rejected, written } = outcomes(prepared('two'), [0, 1]);
  expect(rejected).toMatchObject([{ topic: 'two', code: 'store-refused', reason: 'point 0' }]);
  expect(rejected[0]!.refusedPoints).toBeUndefined();
  expect(written).toBe(0);
});

test('a batch of very many records gives the event loop a turn after every 5,000, over all of its parts', () => {
  const records = Array.from({ length: 6_000 }, () => sampleRecord('{}', { topic: 'two' }));
  const parts = ['p', 'q'].map((partition) => ({ partition, records, lost: { damaged: 0, dropped: 0 } }));
  let mapped = 0;
  const apply = ({ topic }: StreamRecord) => {
    mapped++;
    return MADE[topic]!;
  };
  const batch = { parts, position: '', release: () => undefined };
  const turns = prepareBatchBySlices(batch, apply, () => new StateTables(), NOW_MS);
  const at: number[] = [];
  let turn = turns.next();
  for (; !turn.done; turn = turns.next()) at.push(mapped);
  expect(at).toEqual([5_000, 10_000]);
  expect(turn.value.sources).toHaveLength(12_000);
  expect(turn.value.points).toHaveLength(24_000);
});
