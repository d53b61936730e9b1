import { describe, expect, test } from 'vitest';
import { UsualIntervals, usualInterval } from '../../src/devices/usual-intervals.js';
import type { StatisticsQuery } from '../../src/sink/statistics.js';

const MINUTE_MS = 60_000;
const CELL_MS = 300_000;
const NOW_MS = 1_796_000_000_000;

/** The cells that a device fills which sends at these minutes. */
function cells(minutes: readonly number[], fromMs = 0) {
  const counts = new Map<number, number>();
  for (const minute of minutes) {
    const startMs = fromMs + Math.floor((minute * MINUTE_MS) / CELL_MS) * CELL_MS;
    counts.set(startMs, (counts.get(startMs) ?? 0) + 1);
  }
  return [...counts].map(([startMs, count]) => ({ startMs, count, isInexact: false }));
}
const every = (minutes: number, from: number, to: number) =>
  Array.from({ length: Math.ceil((to - from) / minutes) }, (_, nth) => from + nth * minutes);

describe('the usual interval', () => {
  test.each<[string, readonly number[], number | undefined]>([
    ['of one a minute', every(1, 0, 1440), 1],
    ['of one a minute with a night between', [...every(1, 0, 480), ...every(1, 1200, 1440)], 1],
    ['of one an hour', every(60, 0, 1440), 60],
    ['of ten every 20 minutes', every(20, 0, 1440).flatMap((at) => every(0.1, at, at + 1)), 20],
    ['of one each 2.5 minutes that begins now', every(2.5, 0, 11), 2.5],
    ['of two messages', [0, 30], 30],
    ['of one message', [0], undefined],
    ['of nothing', [], undefined],
  ])('%s', (_what, minutes, interval) => {
    const found = usualInterval(cells(minutes), CELL_MS);
    expect(found === undefined ? undefined : found / MINUTE_MS).toBe(interval);
  });
});

function asked(minutes: Readonly<Record<string, readonly number[]>>) {
  const queries: StatisticsQuery[] = [];
  const stores = {
    points: {
      statistics: async (query: StatisticsQuery) => {
        queries.push(query);
        return new Map(Object.entries(minutes).map(([name, at]) => [name, cells(at, query.fromMs)]));
      },
    },
    rowsIn: () => undefined,
    readable: () => [],
    pointsFromMs: () => undefined,
  };
  return { queries, intervals: new UsualIntervals(stores as never) };
}
const DEVICES = { measurement: 'm', by: 'device', field: 't' };

test('it is asked for the devices that are not known, and kept for ten minutes', async () => {
  const { queries, intervals } = asked({ a: every(60, 0, 1440), b: [1] });
  expect(await intervals.of(DEVICES, ['a', 'b'], NOW_MS)).toEqual(new Map([['a', 60 * MINUTE_MS]]));
  await intervals.of(DEVICES, ['a', 'b'], NOW_MS + 600_000);
  expect(queries).toHaveLength(1);
  await intervals.of(DEVICES, ['a', 'c'], NOW_MS + 600_000);
  await intervals.of(DEVICES, ['a'], NOW_MS + 600_001);
  expect(queries.map(({ names }) => names)).toEqual([['a', 'b'], ['c'], ['a']]);
  expect(queries[0]).toMatchObject({ measurement: 'm', by: 'device', cellMs: CELL_MS });
  expect(queries[0]!.toMs - queries[0]!.fromMs).toBe(86_400_000);
  expect(queries[0]!.toMs).toBeGreaterThan(NOW_MS);
});

test('of many devices the cells are wide, and all of them are asked for at once', async () => {
  const { queries, intervals } = asked({});
  const names = Array.from({ length: 10_000 }, (_, nth) => `d${nth}`);
  await intervals.of(DEVICES, names, NOW_MS);
  const [query] = queries;
  expect(query?.names).toBeUndefined();
  expect(((query!.toMs - query!.fromMs) / query!.cellMs!) * names.length).toBeLessThanOrEqual(150_000);
});
