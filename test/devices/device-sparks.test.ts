import { expect, test } from 'vitest';
import { DeviceSparks } from '../../src/devices/device-sparks.js';
import type { SeriesStores } from '../../src/reading/ask-segment.js';
import type { StatisticsCell, StatisticsQuery } from '../../src/sink/statistics.js';

const HALF_HOUR_MS = 1_800_000;
/** In the middle of a part. */
const NOW_MS = Date.parse('2026-11-30T10:15:00Z');
const QUERY = { measurement: 'm', by: 'device', field: 't', parts: 48 };

function asked(cells: readonly StatisticsCell[]) {
  const queries: StatisticsQuery[] = [];
  const points = {
    statistics: async (query: StatisticsQuery) => {
      queries.push(query);
      return new Map([['a', cells]]);
    },
  };
  const stores = { points, rowsIn: () => undefined, readable: () => [], pointsFromMs: () => undefined };
  return { queries, sparks: new DeviceSparks(stores as unknown as SeriesStores) };
}

const cell = (hoursAgo: number, sum: number, count: number): StatisticsCell => ({
  startMs: Date.parse('2026-11-30T10:00:00Z') - hoursAgo * 3_600_000,
  sum,
  count,
  isInexact: false,
});

test('each part has the mean of its values, and those without a value null', async () => {
  const { queries, sparks } = asked([cell(24, 99, 1), cell(23.5, 6, 2), cell(0, 9, 3)]);
  const spark = (await sparks.of(QUERY, ['a', 'b'], NOW_MS)).get('a');
  expect(spark).toEqual([3, ...Array(46).fill(null), 3]);
  expect((await sparks.of(QUERY, ['a', 'b'], NOW_MS)).get('b')).toEqual(Array(48).fill(null));
  expect(queries).toMatchObject([
    {
      fromMs: Date.parse('2026-11-29T10:30:00Z'),
      toMs: Date.parse('2026-11-30T10:30:00Z'),
      cellMs: HALF_HOUR_MS,
      names: ['a', 'b'],
    },
  ]);
});

test('pages with the same devices in another order share them; other devices are asked for', async () => {
  const { queries, sparks } = asked([]);
  await sparks.of(QUERY, ['a', 'b'], NOW_MS);
  await sparks.of(QUERY, ['b', 'a'], NOW_MS + 30_000);
  await sparks.of(QUERY, ['a'], NOW_MS);
  await sparks.of({ ...QUERY, field: 'u' }, ['a'], NOW_MS);
  expect(queries).toHaveLength(3);
});

test('without a tag the whole measurement is one device', async () => {
  const { queries, sparks } = asked([]);
  const { by: _none, ...whole } = QUERY;
  await sparks.of(whole, [''], NOW_MS);
  expect(queries[0]).not.toHaveProperty('names');
});
