import { expect, test } from 'vitest';
import type { FoldQuery } from '../../../src/sink/window-reader.js';
import { plain } from '../../contract/window-reader-contract.js';
import { SetClock } from '../../support/clock.js';
import { pointOf, seriesOf } from '../../support/points.js';
import { never, openedSink, queried } from './opened-sink.js';

const MINUTE_NS = 60_000_000_000n;

function foldOf(measurement: string, more: Partial<FoldQuery> = {}): FoldQuery {
  return { measurement, fromNs: 0n, toNs: MINUTE_NS, fields: [plain('v')], lookbackMs: 0, ...more };
}

async function collected<T>(parts: AsyncIterable<readonly T[]>): Promise<T[]> {
  const all: T[] = [];
  for await (const part of parts) all.push(...part);
  return all;
}

/** Makes a statement over the points of a measurement endless: its first table is a view that never answers. */
function endlessSql(): string {
  return `ALTER TABLE sluice_internal.series_1 RENAME TO kept;
    CREATE VIEW sluice_internal.series_1 AS
      SELECT kept.* FROM sluice_internal.kept, range(10_000_000) a, range(10_000_000) b WHERE a.range * b.range = 7`;
}

test('many groups come in several parts, none twice and none missing, while more are written', async () => {
  const { sink } = await openedSink();
  const write = (from: number, to: number) =>
    sink.write(
      Array.from({ length: to - from }, (_, i) => {
        const series = seriesOf('m', { device: `d${from + i}`, site: `s${(from + i) % 6_000}` });
        return pointOf(series, 1n, { v: 1 });
      }),
      never(),
    );
  await write(0, 12_000);
  for (const by of [undefined, ['site']]) {
    let parts = 0;
    const counts = new Map<string, number>();
    for await (const groups of sink.windows.fold(foldOf('m', by && { by }), never())) {
      expect(groups.length).toBeLessThanOrEqual(6_000);
      for (const { tags, fields } of groups) {
        const key = JSON.stringify(tags);
        expect(counts.has(key)).toBe(false);
        counts.set(key, fields.get('v')?.count ?? 0);
      }
      if (parts++ === 0 && by === undefined) await write(12_000, 12_500);
    }
    expect(parts).toBeGreaterThan(1);
    const known = [...counts].filter(([key]) => Number(/"d(\d+)"/.exec(key)?.[1] ?? 0) < 12_000);
    expect(known).toHaveLength(by === undefined ? 12_000 : 6_000);
  }
  let rows = 0;
  let pages = 0;
  const query = { measurement: 'm', fromNs: 0n, toNs: MINUTE_NS, fields: ['v'] };
  for await (const page of sink.windows.rows(query, never())) {
    rows += page.length;
    pages++;
  }
  expect([rows, pages]).toEqual([12_500, 2]);
});

test('a call that began before the file was opened again is rejected, and the next one is answered', async () => {
  const { sink, options } = await openedSink();
  const points = Array.from({ length: 12_000 }, (_, i) =>
    pointOf(seriesOf('m', { device: `d${i}` }), 1n, { v: 1 }),
  );
  await sink.write(points, never());
  const parts = sink.windows.fold(foldOf('m'), never())[Symbol.asyncIterator]();
  await parts.next();
  // The sink closes and opens the file after a failure of the writer.
  await queried(options, 'ALTER TABLE sluice_internal.points_1 RENAME TO away');
  const retried = sink.write(points.slice(0, 1), never());
  await expect.poll(() => sink.counters().retries).toBeGreaterThan(0);
  await queried(options, 'ALTER TABLE sluice_internal.away RENAME TO points_1');
  await retried;
  await expect(parts.next()).rejects.toMatchObject({
    code: 'SINK_QUERY_FAILED',
    message: 'The DuckDB file was closed during the query.',
  });
  expect(await collected(sink.windows.fold(foldOf('m'), never()))).toHaveLength(12_000);
  await sink.close();
  await expect(collected(sink.windows.fold(foldOf('m'), never()))).rejects.toMatchObject({
    code: 'SINK_QUERY_FAILED',
    message: 'The DuckDB file is not open.',
  });
});

test('an endless fold holds up neither writes nor the page, and ends with its signal', async () => {
  const { sink, options } = await openedSink();
  const stop = new AbortController();
  await sink.write([pointOf(seriesOf('m'), 1n, { v: 1 })], never());
  await queried(options, endlessSql());
  const folded = collected(sink.windows.fold(foldOf('m'), stop.signal));
  const outcome = folded.catch((thrown: unknown) => thrown);
  await sink.write([pointOf(seriesOf('other'), 1n, { v: 1 })], never());
  expect(await sink.reader.measurements()).toHaveLength(2);
  stop.abort();
  expect(await outcome).toMatchObject({
    code: 'SINK_QUERY_FAILED',
    message: 'DuckDB: the caller stopped the query',
  });
});

test('closing ends a fold that runs and those that wait', async () => {
  const { sink, options } = await openedSink();
  await sink.write([pointOf(seriesOf('m'), 1n, { v: 1 })], never());
  await queried(options, endlessSql());
  const folds = [1, 2].map(() => collected(sink.windows.fold(foldOf('m'), never())));
  const outcomes = Promise.allSettled(folds);
  await sink.close();
  for (const outcome of await outcomes) {
    expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'SINK_QUERY_FAILED' } });
  }
});

test('rows past retention are deleted while windows are read, and nothing has to be tried again', async () => {
  const clock = new SetClock();
  clock.wallNs = 0n;
  const { sink } = await openedSink({ retentionMs: 60_000 }, { clock });
  const device = (i: number) => seriesOf('m', { device: `d${i}` });
  let isDone = false;
  const reading = (async () => {
    while (!isDone) await collected(sink.windows.fold(foldOf('m', { toNs: 100n * MINUTE_NS }), never()));
  })();
  for (let minute = 0; minute < 10; minute++) {
    clock.wallNs = BigInt(minute) * MINUTE_NS;
    clock.elapsedMs += 3_600_000;
    // A new field alters the table, and the second write updates rows: DuckDB refuses a checkpoint beside older reads then.
    const points = (v: number) =>
      Array.from({ length: 500 }, (_, i) => pointOf(device(i), clock.wallNs, { v, [`f${minute}`]: 1 }));
    await sink.write(points(1), never());
    await sink.write(points(2), never());
  }
  isDone = true;
  await reading;
  expect(sink.counters().retries).toBe(0);
  expect(sink.status()).toEqual({ state: 'healthy', detail: '' });
});

test('steps of more values than fit into memory at once are added up over parts of the series', async () => {
  const { sink, options } = await openedSink({ memoryLimitBytes: 32 * 2 ** 20 });
  const all = Array.from({ length: 100 }, (_, i) => seriesOf('m', { device: `d${i}`, site: `s${i % 2}` }));
  const write = (timeNs: bigint) =>
    sink.write(
      all.map((series) => pointOf(series, timeNs, { v: 0 })),
      never(),
    );
  await write(-1n);
  // 200,000 values of 32 bytes, and a part takes an eighth of the memory. Each series counts to 3 and begins again.
  await queried(
    options,
    `INSERT INTO sluice_internal.points_1 (series, time, f1)
     SELECT s.series, make_timestamp_ns(n * 1_000_000), n % 4 FROM sluice_internal.series_1 s, range(2_000) r(n)`,
  );
  for (const [by, groups] of [
    [['site'], 2],
    [[], 1],
  ] as const) {
    const fields = [{ ...plain('v'), steps: true }];
    const folded = await collected(
      sink.windows.fold(foldOf('m', { by, fields, lookbackMs: 1_000 }), never()),
    );
    const series = 100 / groups;
    expect(folded).toHaveLength(groups);
    for (const group of folded) {
      expect(group.fields.get('v')).toMatchObject({
        count: series * 2_000,
        steps: { changes: series * 1_999, increase: series * 500 * 3 },
      });
    }
  }
});
