import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Point } from '../../src/sink/point.js';
import type { Sink } from '../../src/sink/sink.js';
import { STATISTICS_PARTS, type StatisticsQuery } from '../../src/sink/statistics.js';
import type { StoreReader } from '../../src/sink/store-reader.js';
import { pointOf, seriesOf } from '../support/points.js';

const NS_PER_MS = 1_000_000n;
const BASE_MS = Date.parse('2026-11-30T10:00:00Z');
const at = (ms: number) => BigInt(BASE_MS + ms) * NS_PER_MS;
const ALL = new Set(STATISTICS_PARTS);
const COLUMNS = {
  count: 'v_count',
  mean: 'v_mean',
  min: 'v_min',
  max: 'v_max',
  first: 'v_first',
  last: 'v_last',
  inexact: 'inexact',
};

/** What every store that can be queried says of values in cells of time. The factory opens the sink. */
export function statisticsContract(name: string, open: () => Promise<Sink>): void {
  describe(`statistics of ${name}`, () => {
    let sink: Sink;
    let reader: StoreReader;
    beforeAll(async () => {
      sink = await open();
      reader = sink.reader!;
    }, 60_000);
    afterAll(() => sink.close());

    const written = async (points: readonly Point[]) =>
      expect(await sink.write(points, new AbortController().signal)).toEqual([]);
    const point = (tags: Record<string, string>, ms: number, v: number, measurement = 'points') =>
      pointOf(seriesOf(measurement, tags), at(ms), { v });
    const query = (change: Partial<StatisticsQuery>): StatisticsQuery => ({
      measurement: 'points',
      values: { kind: 'points', field: 'v' },
      fromMs: BASE_MS,
      toMs: BASE_MS + 60_000,
      parts: ALL,
      ...change,
    });
    const row = (
      tags: Record<string, string>,
      ms: number,
      fields: Record<string, number | bigint | boolean>,
      measurement = 'rows',
    ) => pointOf(seriesOf(measurement, tags), at(ms), { inexact: false, ...fields });
    const rows = (change: Partial<StatisticsQuery> = {}) =>
      query({ measurement: 'rows', values: { kind: 'rows', columns: COLUMNS, tags: ['device'] }, ...change });

    test('of points: count, sum, least, greatest, first and last, by group', async () => {
      await written([
        point({ device: 'a', site: 'n' }, 1_000, 5),
        point({ device: 'a', site: 'n' }, 3_000, -2),
        point({ device: 'b', site: 'n' }, 2_000, 4),
        point({ device: 'b', site: 'n' }, 60_000, 99),
        point({ device: 'c' }, 0, 1),
      ]);
      const answer = await reader.statistics(query({ by: 'site' }));
      expect(answer).toEqual(
        new Map([
          [
            'n',
            [
              {
                startMs: BASE_MS,
                count: 3,
                sum: 7,
                min: -2,
                max: 5,
                first: { value: 5, atMs: BASE_MS + 1_000, isExactTime: true },
                last: { value: -2, atMs: BASE_MS + 3_000, isExactTime: true },
                isInexact: false,
              },
            ],
          ],
          [
            '',
            [
              {
                startMs: BASE_MS,
                count: 1,
                sum: 1,
                min: 1,
                max: 1,
                first: { value: 1, atMs: BASE_MS, isExactTime: true },
                last: { value: 1, atMs: BASE_MS, isExactTime: true },
                isInexact: false,
              },
            ],
          ],
        ]),
      );
    });

    test('in cells at multiples of their width, those without a value omitted; a percentile is a value', async () => {
      const answer = await reader.statistics(
        query({ fromMs: BASE_MS + 500, cellMs: 2_000, parts: new Set(['max']), percentile: 0.5 }),
      );
      expect(answer.get('')).toEqual([
        { startMs: BASE_MS, count: 1, max: 5, percentile: 5, isInexact: false },
        { startMs: BASE_MS + 2_000, count: 2, max: 4, percentile: -2, isInexact: false },
      ]);
    });

    test('only of the groups and the tag values that were asked for', async () => {
      const of = async (change: Partial<StatisticsQuery>) =>
        [...(await reader.statistics(query({ by: 'device', parts: new Set(), ...change })))].map(
          ([device, [cell]]) => [device, cell?.count],
        );
      expect((await of({ names: ['a', 'c', 'z'] })).sort()).toEqual([
        ['a', 2],
        ['c', 1],
      ]);
      expect(await of({ names: [] })).toEqual([]);
      expect(await of({ only: { tag: 'site', values: [''] } })).toEqual([['c', 1]]);
    });

    test('of several series with one time, the value of the greatest tags is the first and the last', async () => {
      await written([
        point({ device: 'x' }, 0, 1, 'ties'),
        point({ device: 'y' }, 0, 2, 'ties'),
        point({ device: 'x' }, 1_000, 3, 'ties'),
        point({ device: 'y' }, 1_000, 4, 'ties'),
      ]);
      const [cell] = (await reader.statistics(query({ measurement: 'ties' }))).get('') ?? [];
      // InfluxDB takes the greatest value, whatever its series.
      expect([cell?.first?.value, cell?.last?.value]).toEqual([2, 4]);
    });

    test('of rows: as of the points that they stand for', async () => {
      await written([
        row({ device: 'a' }, 0, { v_count: 2n, v_mean: 1.5, v_min: 1, v_max: 2, v_first: 1, v_last: 2 }),
        row({ device: 'a' }, 10_000, { v_count: 1n, v_mean: 9, v_min: 9, v_max: 9, v_first: 9, v_last: 9 }),
        row({ device: 'b' }, 10_000, { v_count: 3n, v_mean: 5, v_min: 4, v_max: 6, v_first: 6, v_last: 4 }),
        row({ device: 'b' }, 20_000, {
          ...{ v_count: 1n, v_mean: 0, v_min: 0, v_max: 0, v_first: 0, v_last: 0 },
          inexact: true,
        }),
      ]);
      expect(await reader.statistics(rows({ by: 'device', cellMs: 20_000 }))).toEqual(
        new Map([
          [
            'a',
            [
              {
                startMs: BASE_MS,
                count: 3,
                sum: 12,
                min: 1,
                max: 9,
                first: { value: 1, atMs: expect.any(Number) as number, isExactTime: false },
                last: { value: 9, atMs: expect.any(Number) as number, isExactTime: false },
                isInexact: false,
              },
            ],
          ],
          [
            'b',
            [
              {
                startMs: BASE_MS,
                count: 3,
                sum: 15,
                min: 4,
                max: 6,
                first: { value: 6, atMs: expect.any(Number) as number, isExactTime: false },
                last: { value: 4, atMs: expect.any(Number) as number, isExactTime: false },
                isInexact: false,
              },
              {
                startMs: BASE_MS + 20_000,
                count: 1,
                sum: 0,
                min: 0,
                max: 0,
                first: { value: 0, atMs: expect.any(Number) as number, isExactTime: false },
                last: { value: 0, atMs: expect.any(Number) as number, isExactTime: false },
                isInexact: true,
              },
            ],
          ],
        ]),
      );
      // Which of two rows of one time has the last value is not known.
      const [together] = (await reader.statistics(rows())).get('') ?? [];
      expect(together).toEqual({ startMs: BASE_MS, count: 7, sum: 27, min: 0, max: 9, isInexact: true });
    });

    test('what not all rows say is not known', async () => {
      await written([
        row({ device: 'a' }, 0, { v_count: 2n, v_mean: 1.5, v_min: 1 }, 'grown'),
        row({ device: 'a' }, 10_000, { v_count: 1n, v_mean: 9, v_min: 9, v_max: 9, v_last: 9 }, 'grown'),
        row({ device: 'a' }, 20_000, { v_count: 1n, v_min: 9 }, 'grown'),
      ]);
      const grown = (toMs: number) =>
        reader.statistics(rows({ measurement: 'grown', by: 'device', toMs: BASE_MS + toMs }));
      expect((await grown(20_000)).get('a')).toEqual([
        { startMs: BASE_MS, count: 3, sum: 12, min: 1, isInexact: false },
      ]);
      expect((await grown(30_000)).get('a')).toEqual([
        { startMs: BASE_MS, count: 4, min: 1, isInexact: false },
      ]);
    });

    test('a measurement, field or column that is not there has no groups', async () => {
      for (const change of [
        { measurement: 'never' },
        { values: { kind: 'points', field: 'never' } as const },
        { values: { kind: 'rows', columns: { ...COLUMNS, count: 'never' } } as const },
      ]) {
        expect(await reader.statistics(query(change))).toEqual(new Map());
      }
    });

    test('series are counted by group', async () => {
      expect(await reader.seriesCounts({ measurement: 'points', by: 'site' })).toEqual(
        new Map([
          ['n', 2],
          ['', 1],
        ]),
      );
      expect(await reader.seriesCounts({ measurement: 'points', by: 'site', names: ['n'] })).toEqual(
        new Map([['n', 2]]),
      );
      const only = { tag: 'device', values: ['a', 'c'] };
      expect(await reader.seriesCounts({ measurement: 'points', only })).toEqual(new Map([['', 2]]));
    });

    test('a series counts once, however long it has had points', async () => {
      const days = [0, 10, 30].map((day) => point({ device: 'a' }, -day * 86_400_000, 1, 'long'));
      await written(days);
      expect(await reader.seriesCounts({ measurement: 'long', by: 'device' })).toEqual(new Map([['a', 1]]));
    });
  });
}
