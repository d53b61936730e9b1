import { expect, test } from 'vitest';
import { NewestNumbers } from '../../src/devices/newest-numbers.js';
import type { StatisticsQuery } from '../../src/sink/statistics.js';

const NOW_MS = 1_796_000_000_000;
const MINUTE_MS = 60_000;
const QUERY = { measurement: 'm', by: 'device', field: 't' };

function asked(answers: readonly Readonly<Record<string, number>>[]) {
  const queries: StatisticsQuery[] = [];
  const numbers = new NewestNumbers({
    statistics: async (query) => {
      const answer = answers[queries.length] ?? {};
      queries.push(query);
      return new Map(
        Object.entries(answer).map(([name, value]) => [
          name,
          [{ startMs: 0, count: 1, isInexact: false, last: { value, atMs: NOW_MS, isExactTime: true } }],
        ]),
      );
    },
  });
  return { queries, numbers };
}

test('the last hour is read once, and then what has come since', async () => {
  const { queries, numbers } = asked([{ a: 1, b: 2 }, { a: 3 }]);
  await numbers.of(QUERY, ['a', 'b'], NOW_MS);
  const values = await numbers.of(QUERY, ['a', 'b'], NOW_MS + 5_000);
  expect(Object.fromEntries(values)).toEqual({ a: 3, b: 2 });
  expect(queries.map(({ fromMs }) => (NOW_MS - fromMs) / MINUTE_MS)).toEqual([75, 15]);
});

test('devices that send seldom are asked for by name, once a minute', async () => {
  const { queries, numbers } = asked([{ a: 1 }, { slow: 9 }, {}, {}, {}]);
  expect(Object.fromEntries(await numbers.of(QUERY, ['a', 'slow', 'x'], NOW_MS))).toEqual({ a: 1, slow: 9 });
  await numbers.of(QUERY, ['a', 'slow', 'x'], NOW_MS + 59_999);
  await numbers.of(QUERY, ['a', 'slow', 'x'], NOW_MS + 60_000);
  expect(queries.map(({ names }) => names)).toEqual([undefined, ['slow', 'x'], undefined, undefined, ['x']]);
});

test('for no device the store is not asked', async () => {
  const { queries, numbers } = asked([]);
  expect((await numbers.of(QUERY, [], NOW_MS)).size).toBe(0);
  expect(queries).toEqual([]);
});

test('what nobody asks for is forgotten, and after an hour everything', async () => {
  const { numbers } = asked([{ a: 1, b: 2 }, {}, {}, {}]);
  await numbers.of(QUERY, ['a', 'b'], NOW_MS);
  expect((await numbers.of(QUERY, ['a'], NOW_MS + 5_000)).has('b')).toBe(false);
  expect((await numbers.of(QUERY, ['a'], NOW_MS + 3_605_001)).has('a')).toBe(false);
});
