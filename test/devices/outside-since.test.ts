import { expect, test } from 'vitest';
import { OutsideSince } from '../../src/devices/outside-since.js';
import { type LeftRangeQuery, MAX_LEFT_RANGE_GROUPS } from '../../src/sink/store-reader.js';

const NOW_MS = 1_796_000_000_000;
const QUERY = { measurement: 'm', by: 'device', field: 't', expected: [2, 8] as const };

function asked(left: Readonly<Record<string, number>>) {
  const queries: LeftRangeQuery[] = [];
  const answers = new Map(Object.entries(left));
  const since = new OutsideSince({
    leftRange: async (query) => {
      queries.push(query);
      return new Map(
        [...answers].filter(([name, atMs]) => query.names.includes(name) && atMs >= query.fromMs),
      );
    },
  });
  return { queries, answers, since };
}

test('it is looked up in the points of a day, and then only in what came since', async () => {
  const { queries, answers, since } = asked({ a: NOW_MS - 50_000_000 });
  expect(await since.of(QUERY, ['a', 'never inside'], NOW_MS)).toEqual(new Map([['a', NOW_MS - 50_000_000]]));
  expect(queries).toEqual([
    {
      measurement: 'm',
      by: 'device',
      field: 't',
      names: ['a', 'never inside'],
      low: 2,
      high: 8,
      fromMs: NOW_MS - 86_400_000,
    },
  ]);
  expect(await since.of(QUERY, ['a', 'never inside'], NOW_MS + 5_000)).toEqual(
    new Map([['a', NOW_MS - 50_000_000]]),
  );
  expect(queries.slice(1)).toMatchObject([{ names: ['a', 'never inside'], fromMs: NOW_MS - 60_000 }]);
  // It came inside, and left the range again.
  answers.set('a', NOW_MS + 8_000);
  expect(await since.of(QUERY, ['a'], NOW_MS + 10_000)).toEqual(new Map([['a', NOW_MS + 8_000]]));
});

test('after an hour without a question, or for another range, it is looked up from the beginning', async () => {
  const { queries, since } = asked({});
  await since.of(QUERY, ['a'], NOW_MS);
  await since.of(QUERY, ['a'], NOW_MS + 3_600_001);
  await since.of({ ...QUERY, expected: [2, 9] }, ['a'], NOW_MS + 3_600_001);
  expect(queries.map(({ fromMs }) => fromMs - NOW_MS)).toEqual([
    -86_400_000,
    3_600_001 - 86_400_000,
    3_600_001 - 86_400_000,
  ]);
});

test('no more devices are asked for than a store may ask one by one', async () => {
  const { queries, since } = asked({});
  const names = Array.from({ length: MAX_LEFT_RANGE_GROUPS + 1 }, (_, nth) => `d${nth}`);
  await since.of(QUERY, names, NOW_MS);
  expect(queries.map((query) => query.names.length)).toEqual([MAX_LEFT_RANGE_GROUPS]);
});
