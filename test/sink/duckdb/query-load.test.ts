import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { answersFolder } from '../../../src/sink/duckdb/duckdb-database.js';
import { pointOf, seriesOf } from '../../support/points.js';
import { never, openedSink, queried } from './opened-sink.js';

const ROWS = 200_000;
const BATCH = 2_000;
const MIB = 2 ** 20;

/** Each needs about ten times the memory of the store, or more. */
const GREEDY = [
  ['a list of all values', 'SELECT list(temperature) FROM climate, range(1000) GROUP BY device'],
  [
    'a text of all values',
    `SELECT string_agg(temperature::VARCHAR || repeat('x', 20), ',') FROM climate, range(1000)`,
  ],
  ['a large sort', 'SELECT * FROM climate, range(1000) ORDER BY temperature, range DESC'],
  [
    'a window over all rows',
    'SELECT sum(temperature) OVER (PARTITION BY site ORDER BY range, time) FROM climate, range(1000)',
  ],
  [
    'a group for each row',
    'SELECT time, device, range, avg(temperature) FROM climate, range(1000) GROUP BY ALL',
  ],
  [
    'a join of all rows',
    'SELECT count(*) FROM (SELECT * FROM climate, range(1000)) a JOIN (SELECT * FROM climate, range(1000)) b USING (time, range)',
  ],
  ['distinct rows', 'SELECT count(DISTINCT (time, range)) FROM climate, range(1000)'],
] as const;

describe('beside constant writes', () => {
  it('a long query holds nothing up: new measurements, fields and tags, overwritten points, a full log', {
    timeout: 120_000,
  }, async () => {
    const warnings: unknown[] = [];
    const { sink, options } = await openedSink({}, { warn: (fields) => warnings.push(fields) });
    const batch = (measurement: string, startMs: number, extra: string) =>
      Array.from({ length: BATCH }, (_, i) =>
        pointOf(
          seriesOf(measurement, { device: `d${i % 50}`, [`${extra}_tag`]: 'x' }),
          BigInt(startMs + i) * 1_000_000n,
          {
            temperature: i / 7,
            [extra]: 'a text that is somewhat longer, so that the log of the store fills',
          },
        ),
      );
    await sink.write(batch('climate', 0, 'a'), never());
    const stop = new AbortController();
    const sql = 'SELECT count(*) FROM climate, range(1000000000000) WHERE range < 0';
    const query = sink.queries.answer(
      { of: { sql }, format: 'csv', maxRows: 1, timeoutMs: 100_000, maxBytes: MIB },
      stop.signal,
    );
    const ended = expect(query).rejects.toMatchObject({ message: 'DuckDB: the caller stopped the query' });
    for (let nth = 0; nth < 60; nth++) {
      const name = nth % 6 === 0 ? `m${nth}` : 'climate';
      // Every second batch is written again, with another field.
      await sink.write(batch(name, (nth >> 1) * BATCH, `x${nth % 10}`), never());
    }
    expect(sink.queries.isBusy).toBe(true);
    stop.abort();
    await ended;
    expect(warnings).toEqual([]);
    expect(sink.counters()).toMatchObject({ retries: 0, pointsRefused: 0 });
    await sink.close();
    expect(await queried(options, 'SELECT count(*)::INTEGER AS n FROM m0')).toEqual([{ n: BATCH }]);
  });

  it.each(GREEDY)(
    '%s is ended, and all points are written without a retry',
    { timeout: 120_000 },
    async (what, sql) => {
      const warnings: unknown[] = [];
      const { sink, options } = await openedSink(
        { memoryLimitBytes: 128 * MIB },
        { warn: (fields) => warnings.push(fields) },
      );
      const series = Array.from({ length: 50 }, (_, nth) =>
        seriesOf('climate', { site: 'home', device: `d${nth}` }),
      );
      let written = 0;
      const write = async () => {
        const points = Array.from({ length: BATCH }, (_, i) =>
          pointOf(series[i % series.length]!, BigInt(written + i) * 1_000_000n, {
            temperature: i / 7,
            humidity: i / 3,
          }),
        );
        expect(await sink.write(points, never())).toEqual([]);
        written += BATCH;
      };
      while (written < ROWS) await write();
      let isEnded = false;
      const outcome = sink.queries
        .answer({ of: { sql }, format: 'csv', maxRows: 1e9, timeoutMs: 100_000, maxBytes: 2 ** 30 }, never())
        .then(
          () => 'answered',
          (thrown: unknown) => thrown,
        )
        .finally(() => {
          isEnded = true;
        });
      let longestMs = 0;
      while (!isEnded) {
        const startMs = performance.now();
        await write();
        longestMs = Math.max(longestMs, performance.now() - startMs);
      }
      for (let after = 0; after < 5; after++) await write();
      process.stdout.write(`${what}: longest write ${Math.round(longestMs)} ms\n`);
      expect(await outcome).toMatchObject({
        code: 'QUERY_LIMIT_REACHED',
        message: expect.stringContaining('memory') as string,
      });
      expect(warnings).toEqual([]);
      expect(sink.counters()).toMatchObject({ pointsWritten: written, pointsRefused: 0, retries: 0 });
      expect(sink.status()).toEqual({ state: 'healthy', detail: '' });
      expect(await queried(options, 'SELECT count(*)::INTEGER AS n FROM climate')).toEqual([{ n: written }]);
      expect(readdirSync(answersFolder(options.path))).toEqual([]);
    },
  );
});
