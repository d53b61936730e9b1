import { statSync } from 'node:fs';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { DuckdbSink } from '../../../src/sink/duckdb/duckdb-sink.js';
import { SetClock } from '../../support/clock.js';
import { pointOf, seriesOf } from '../../support/points.js';
import { never, openedSink, queried, readBack } from './opened-sink.js';

const DAY_MS = 86_400_000;
const DAY_NS = 86_400_000_000_000n;

test('rows older than the retention and their series are deleted at open and hourly, the others stay', async () => {
  const clock = new SetClock();
  const { sink, options } = await openedSink({ retentionMs: DAY_MS }, { clock });
  const old = seriesOf('m', { device: 'old' });
  const both = seriesOf('m', { device: 'both' });
  const startNs = clock.wallNs;
  await sink.write(
    [
      pointOf(old, startNs, { v: 1 }),
      pointOf(both, startNs, { v: 2 }),
      pointOf(both, startNs + DAY_NS, { v: 3 }),
    ],
    never(),
  );
  clock.wallNs += DAY_NS + 1n;
  clock.elapsedMs += 3_599_000;
  await sink.write([pointOf(both, startNs + DAY_NS + 1n, { v: 4 })], never());
  expect(await readBack(options, 'm')).toHaveLength(4);

  clock.elapsedMs += 1_000;
  await sink.write([pointOf(both, startNs + DAY_NS + 2n, { v: 5 })], never());
  // Retention runs after that write: the next one waits for it.
  await sink.write([pointOf(both, startNs + DAY_NS + 3n, { v: 6 })], never());
  const values = (await readBack(options, 'm')).map((row) => row.fields.v);
  expect(values.sort()).toEqual([3, 4, 5, 6]);
  expect(await queried(options, 'SELECT t1 FROM sluice_internal.series_1')).toEqual([{ t1: 'both' }]);

  // A deleted series returns.
  await sink.write([pointOf(old, startNs + DAY_NS + 4n, { v: 7 })], never());
  expect(await readBack(options, 'm')).toHaveLength(5);

  await sink.close();
  clock.wallNs += 2n * DAY_NS;
  const again = new DuckdbSink(options, { clock });
  await again.open();
  onTestFinished(() => again.close());
  expect(await readBack(options, 'm')).toEqual([]);
  expect(again.status()).toEqual({ state: 'healthy', detail: '' });
});

test('an idle sink deletes too', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  onTestFinished(() => {
    vi.useRealTimers();
  });
  const clock = new SetClock();
  const { sink, options } = await openedSink({ retentionMs: DAY_MS }, { clock });
  await sink.write([pointOf(seriesOf('m'), clock.wallNs, { v: 1 })], never());
  clock.wallNs += 2n * DAY_NS;
  clock.elapsedMs += 3_600_000;
  vi.advanceTimersByTime(60_000);
  await expect.poll(async () => (await readBack(options, 'm')).length).toBe(0);
});

test('a point past retention is rejected with its reason, a point at the limit is kept', async () => {
  const clock = new SetClock();
  const { sink } = await openedSink({ retentionMs: DAY_MS }, { clock });
  const oldestNs = clock.wallNs - DAY_NS;
  const rejections = await sink.write(
    [pointOf(seriesOf('m'), oldestNs, { v: 1 }), pointOf(seriesOf('m'), oldestNs - 1n, { v: 2 })],
    never(),
  );
  expect(rejections).toEqual([
    { index: 1, code: 'store-refused', reason: expect.stringContaining('beyond retention') },
  ]);
});

test('with retention 0 nothing is deleted and nothing is too old', async () => {
  const { sink, options } = await openedSink({ retentionMs: 0 });
  expect(await sink.write([pointOf(seriesOf('m'), -1n, { v: 1 })], never())).toEqual([]);
  await sink.close();
  const again = new DuckdbSink(options);
  await again.open();
  onTestFinished(() => again.close());
  expect(await readBack(options, 'm')).toHaveLength(1);
});

test('the space of deleted rows is used again', async () => {
  const clock = new SetClock();
  const { sink, options } = await openedSink({ retentionMs: DAY_MS }, { clock });
  const series = seriesOf('m');
  const sizes: number[] = [];
  for (let day = 0; day < 8; day++) {
    const points = Array.from({ length: 40_000 }, (_, i) =>
      pointOf(series, clock.wallNs + BigInt(i), { v: Math.random(), w: Math.random() }),
    );
    await sink.write(points, never());
    clock.wallNs += 2n * DAY_NS;
    clock.elapsedMs += 3_600_000;
    await sink.write([pointOf(series, clock.wallNs, { v: 0 })], never());
    await sink.write([pointOf(series, clock.wallNs + 1n, { v: 0 })], never());
    sizes.push(statSync(options.path).size);
  }
  expect(Math.max(...sizes)).toBeLessThan(4 * sizes[0]!);
  expect(sizes.at(-1)).toBeLessThanOrEqual(Math.max(...sizes.slice(0, 4)));
}, 60_000);

describe('retention per measurement', () => {
  const retentions = new Map([
    ['short', DAY_MS],
    ['long', 10 * DAY_MS],
    ['always', 0],
  ]);
  const measurements = ['short', 'long', 'always', 'other'];

  /** A sink that keeps points for two days, except those of the measurements in `retentions`. */
  async function keptSink(keepFromNs?: (measurement: string) => bigint | undefined) {
    const clock = new SetClock();
    const { sink, options } = await openedSink(
      { retentionMs: 2 * DAY_MS, retentions },
      { clock, keepFromNs },
    );
    const write = (timeNs: bigint) =>
      sink.write(
        measurements.map((name) => pointOf(seriesOf(name), timeNs, { v: 1 })),
        never(),
      );
    const counts = () =>
      Promise.all(measurements.map(async (name) => (await readBack(options, name)).length));
    /** Lets retention run, which the write after the next waits for. */
    const runRetention = async () => {
      clock.elapsedMs += 3_600_000;
      for (const offset of [0n, 1n]) {
        await sink.write([pointOf(seriesOf('now'), clock.wallNs + offset, { v: 1 })], never());
      }
    };
    return { clock, sink, options, write, counts, runRetention };
  }

  test('each measurement has its age at which rows are deleted', async () => {
    const { clock, write, counts, runRetention } = await keptSink();
    await write(clock.wallNs);
    for (const [days, expected] of [
      [1n, [1, 1, 1, 1]],
      [2n, [0, 1, 1, 1]],
      [3n, [0, 1, 1, 0]],
      [11n, [0, 0, 1, 0]],
    ] as const) {
      clock.wallNs = 1_795_000_000_000_000_000n + days * DAY_NS;
      await runRetention();
      expect(await counts(), `${days} d`).toEqual(expected);
    }
  });

  test('and at which points are rejected, with where it is set', async () => {
    const { clock, write } = await keptSink();
    const reasons = async (timeNs: bigint) =>
      (await write(timeNs)).map(({ index, reason }) => [index, reason]);
    expect(await reasons(clock.wallNs - 2n * DAY_NS)).toEqual([
      [0, expect.stringContaining('(the retention of a resolution in windows.aggregates)')],
    ]);
    expect(await reasons(clock.wallNs - 3n * DAY_NS)).toEqual([
      [0, expect.stringContaining('windows.aggregates')],
      [3, expect.stringContaining('(sink.duckdb.retention)')],
    ]);
  });

  test('rows that windows are still computed from stay until they are', async () => {
    let keepFromNs: bigint | undefined;
    const { clock, sink, write, counts, runRetention } = await keptSink((measurement) =>
      measurement === 'short' ? keepFromNs : undefined,
    );
    const startNs = clock.wallNs;
    await write(startNs);
    await write(startNs + 1n);
    keepFromNs = startNs + 1n;
    clock.wallNs += 20n * DAY_NS;
    await runRetention();
    expect(await counts()).toEqual([1, 0, 2, 0]);
    expect(sink.oldestKeptNs('short')).toBe(startNs + 1n);
    keepFromNs = undefined;
    await runRetention();
    expect(await counts()).toEqual([0, 0, 2, 0]);
  });

  test('it is known what was deleted and what will be next, also by another process with another age', async () => {
    const { clock, sink, options, write, runRetention } = await keptSink();
    await write(clock.wallNs);
    clock.wallNs += 2n * DAY_NS;
    expect(measurements.map((name) => sink.oldestKeptNs(name))).toEqual([
      clock.wallNs - DAY_NS,
      clock.wallNs - 10n * DAY_NS,
      undefined,
      clock.wallNs - 2n * DAY_NS,
    ]);
    await runRetention();
    await sink.close();
    const again = new DuckdbSink(
      { ...options, retentionMs: 0, retentions: new Map([['short', 0]]) },
      { clock },
    );
    await again.open();
    onTestFinished(() => again.close());
    expect(measurements.map((name) => again.oldestKeptNs(name))).toEqual([
      clock.wallNs - DAY_NS,
      clock.wallNs - 10n * DAY_NS,
      undefined,
      clock.wallNs - 2n * DAY_NS,
    ]);
  });
});

test('retention waits for a query of a user, but not for ever', async () => {
  const clock = new SetClock();
  const { sink, options } = await openedSink({ retentionMs: DAY_MS }, { clock });
  const write = (v: number) => sink.write([pointOf(seriesOf('m'), clock.wallNs, { v })], never());
  await write(1);
  const limits = { format: 'csv', maxRows: 1, timeoutMs: 60_000, maxBytes: 2 ** 20 } as const;
  const of = { sql: 'SELECT count(*) FROM range(1000000000000) WHERE range < 0' };
  const ended = expect(sink.queries.answer({ of, ...limits }, never())).rejects.toMatchObject({
    code: 'SINK_QUERY_FAILED',
    message: expect.stringContaining('did not wait for the query') as string,
  });
  clock.wallNs += 2n * DAY_NS;
  clock.elapsedMs += 3_600_000;
  // Retention would run after a write: the next one waits for it.
  await write(2);
  await write(3);
  expect(await readBack(options, 'm')).toHaveLength(2);
  expect(sink.queries.isBusy).toBe(true);

  clock.elapsedMs += 600_000;
  clock.wallNs += 1n;
  await write(4);
  await write(5);
  await ended;
  expect((await readBack(options, 'm')).map(({ fields }) => fields.v)).not.toContain(1);
});
