import { expect, test } from 'vitest';
import type { SeriesStores } from '../../src/reading/ask-segment.js';
import { readCells } from '../../src/reading/cell-reader.js';
import type { StatisticsCell, StatisticsQuery } from '../../src/sink/statistics.js';
import type { ReadableRows } from '../../src/windows/readable-rows.js';
import { WindowSpans } from '../../src/windows/window-spans.js';

const MINUTE_MS = 60_000;
const FROM_MS = 1_796_000_400_000;
const CLOSED_MS = FROM_MS + 25 * MINUTE_MS;

const ROWS: ReadableRows = {
  measurement: 'climate_5min',
  everyMs: 5 * MINUTE_MS,
  spans: new WindowSpans({ everyMs: 5 * MINUTE_MS }),
  by: ['device'],
  columns: new Map([['v', { count: 'v_count', mean: 'v_mean', inexact: 'inexact' }]]),
  completeFromMs: 0,
  keptFromMs: 0,
  closedUntilMs: CLOSED_MS,
  due: [],
};

const cell = (startMs: number, sum: number): StatisticsCell => ({ startMs, sum, count: 1, isInexact: false });

/** Each question is answered with one value in each cell that it covers. */
function asked(readable: readonly ReadableRows[]) {
  const queries: StatisticsQuery[] = [];
  const store = {
    statistics: async (query: StatisticsQuery) => {
      queries.push(query);
      const { cellMs = 1 } = query;
      const first = Math.floor(query.fromMs / cellMs) * cellMs;
      const count = Math.ceil((query.toMs - first) / cellMs);
      const value = query.values.kind === 'rows' ? 10 : 1;
      return new Map([['a', Array.from({ length: count }, (_, nth) => cell(first + nth * cellMs, value))]]);
    },
  };
  const stores = {
    points: store,
    rowsIn: () => store,
    readable: () => readable,
    pointsFromMs: () => undefined,
  };
  return { queries, stores: stores as unknown as SeriesStores };
}

const QUERY = {
  measurement: 'climate',
  field: 'v',
  by: 'device',
  names: ['a'],
  fromMs: FROM_MS,
  cells: 4,
  cellMs: 10 * MINUTE_MS,
  parts: new Set(['sum'] as const),
};

test('cells are read from rows of windows as far as these are closed, then from points, each with one question', async () => {
  const { queries, stores } = asked([ROWS]);
  const cells = (await readCells(stores, QUERY)).get('a');
  expect(
    queries.map(({ measurement, fromMs, toMs }) => [measurement, fromMs - FROM_MS, toMs - FROM_MS]),
  ).toEqual([
    ['climate_5min', 0, 25 * MINUTE_MS],
    ['climate', 25 * MINUTE_MS, 40 * MINUTE_MS],
  ]);
  expect(queries[1]).toMatchObject({ values: { kind: 'points', field: 'v' }, names: ['a'], by: 'device' });
  // The third is half of rows and half of points.
  expect(cells?.map(({ startMs, sum, count }) => [startMs - FROM_MS, sum, count])).toEqual([
    [0, 10, 1],
    [10 * MINUTE_MS, 10, 1],
    [20 * MINUTE_MS, 11, 2],
    [30 * MINUTE_MS, 1, 1],
  ]);
});

test('rows that do not tell the groups apart, or lack what is asked, are not read', async () => {
  for (const rows of [
    { ...ROWS, by: ['site'] },
    { ...ROWS, columns: new Map([['v', { count: 'c', inexact: 'i' }]]) },
  ]) {
    const { queries, stores } = asked([rows]);
    await readCells(stores, QUERY);
    expect(queries.map(({ measurement }) => measurement)).toEqual(['climate']);
  }
});
