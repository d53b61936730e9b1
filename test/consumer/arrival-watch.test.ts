import { describe, expect, it } from 'vitest';
import type { ArrivalsQuestion } from '../../src/arrivals/arrival.js';
import { ArrivalWatch } from '../../src/consumer/arrival-watch.js';
import { prepareBatch } from '../../src/consumer/prepare-batch.js';
import { parkedRecord } from '../../src/dead-letter/parked-record.js';
import { StateTables } from '../../src/lib/state-tables.js';
import type { Mapped } from '../../src/rules/mapped.js';
import type { RecordBatch, StreamRecord } from '../../src/stream/stream.js';
import { sampleRecord } from '../rules/sample-record.js';
import { SetClock } from '../support/clock.js';
import { pointOf, seriesOf } from '../support/points.js';

const POINT = pointOf(seriesOf('climate', { device: 'Attic-1' }), 1n, { t: 21.5 });
const MADE: Readonly<Record<string, () => Mapped>> = {
  good: () => ({ kind: 'points', rule: 'a', points: [POINT] }),
  refused: () => ({ kind: 'points', rule: 'a', points: [POINT] }),
  ignored: () => ({ kind: 'filtered', rule: 'b' }),
  broken: () => ({ kind: 'parked', code: 'payload-not-json', reason: 'no JSON' }),
  bug: () => {
    throw new Error('a bug');
  },
};
const TOPICS = Object.keys(MADE);

function setUp(isInOrder = true) {
  const clock = new SetClock();
  const watch = new ArrivalWatch({ clock, text: { lineOf: () => 'a line' }, isInOrder });
  const ask = (more: Partial<ArrivalsQuestion> = {}) =>
    watch.answer({
      isWatched: true,
      chooses: 'devices',
      wantsSample: true,
      searches: [],
      follow: [],
      ...more,
    });
  /** Takes a batch as the consumer does; returns what completes it. */
  const map = (records: readonly StreamRecord[]) => {
    const batch = { parts: [{ partition: 'p', records }] } as unknown as RecordBatch;
    const arrivals = watch.begin();
    const apply = ({ topic }: StreamRecord) => (MADE[topic] ?? MADE.good!)();
    prepareBatch(batch, arrivals?.noting(apply) ?? apply, () => new StateTables(), 0);
    arrivals?.mapped();
    const rejected = records
      .filter(({ topic }) => topic === 'refused')
      .map((record) => ({
        part: 0,
        parked: parkedRecord(record, { code: 'store-refused', reason: 'no' }, 0),
      }));
    return () => arrivals?.completed(rejected);
  };
  return { clock, watch, ask, map };
}

const record = (n: number, topic = 'good') => sampleRecord('{}', { topic, receivedAtNs: BigInt(n) });
const outcomes = ({ reports }: ReturnType<ReturnType<typeof setUp>['ask']>) =>
  reports.map(({ id, result }) => [id, result.outcome]);

it('notes nothing of a batch while nobody watches', () => {
  const { watch, ask } = setUp();
  expect(watch.begin()).toBeUndefined();
  ask();
  expect(watch.begin()).toBeDefined();
  ask({ isWatched: false });
  expect(watch.begin()).toBeUndefined();
});

it('ends when the main thread has not asked for a while', () => {
  const { clock, watch, ask } = setUp();
  ask();
  clock.elapsedMs = 5_001;
  expect(watch.begin()).toBeUndefined();
});

it('reports what became of the records that are followed', () => {
  const { ask, map } = setUp();
  ask({ follow: TOPICS.map((_, n) => String(n + 1)) });
  const complete = map([...TOPICS, 'not-followed'].map((topic, n) => record(n + 1, topic)));
  expect(outcomes(ask())).toEqual(TOPICS.map((_, n) => [String(n + 1), 'waiting']));
  complete();
  const { reports } = ask();
  expect(reports.map(({ result }) => [result.outcome, result.rule, result.code, result.reason])).toEqual([
    ['stored', 'a', undefined, undefined],
    ['set-aside', 'a', 'store-refused', 'no'],
    ['ignored', 'b', undefined, undefined],
    ['set-aside', undefined, 'payload-not-json', 'no JSON'],
    ['set-aside', undefined, 'mapping-failed', 'mapping failed unexpectedly'],
  ]);
  expect(reports[0]).toMatchObject({
    result: { device: 'Attic-1', field: 't', value: 21.5, lines: ['a line'] },
    steps: { mappedMs: 1_795_000_000_000, storedMs: 1_795_000_000_000 },
    names: ['Attic-1'],
  });
  expect(reports[0]?.message).toBeUndefined();
});

describe('a record that is followed late', () => {
  it('is reported when it was mapped or done meanwhile', () => {
    const { ask, map } = setUp();
    ask();
    const complete = map([record(1), record(2)]);
    ask({ follow: ['2'] });
    complete();
    expect(outcomes(ask())).toEqual([['2', 'stored']]);
    expect(outcomes(ask({ follow: ['1'] }))).toEqual([['1', 'stored']]);
  });

  it('is unknown when the consumer is past it and has not seen it', () => {
    const { ask, map } = setUp();
    ask({ follow: ['1'] });
    map([record(5)])();
    expect(outcomes(ask({ follow: ['4', '6'] }))).toEqual([
      ['1', 'unknown'],
      ['4', 'unknown'],
    ]);
    // Shards are in no order with each other.
    const other = setUp(false);
    other.ask({ follow: ['1'] });
    other.map([record(5)])();
    expect(outcomes(other.ask())).toEqual([]);
  });
});

describe('a search', () => {
  it('finds devices, and leaves topics and clients to the main thread', () => {
    const { ask, map } = setUp();
    ask({ searches: ['attic'] });
    map([record(1), record(2, 'attic/good'), record(3, 'ignored')])();
    const { reports } = ask();
    expect(reports.map(({ id, message }) => [id, message?.topic])).toEqual([['1', 'good']]);
  });

  it('finds everything where there is no broker, beside a sample each second', () => {
    const { clock, ask, map } = setUp();
    ask({ chooses: 'all', searches: ['bro'] });
    map([record(1), record(2), record(3, 'broken')])();
    clock.elapsedMs = 1_000;
    map([record(4)])();
    const { reports } = ask({ chooses: 'all' });
    expect(reports.map(({ id, isSample }) => [id, isSample])).toEqual([
      ['1', true],
      ['3', undefined],
      ['4', true],
    ]);
  });

  it('counts what is above its bound', () => {
    const { ask, map } = setUp();
    ask({ searches: ['attic'] });
    map(Array.from({ length: 60 }, (_, n) => record(n + 1)))();
    const { reports, omitted } = ask();
    expect(reports.length).toBe(50);
    expect(omitted).toEqual([{ search: 'attic', records: 10 }]);
    expect(ask()).toEqual({ reports: [], omitted: [] });
  });
});
