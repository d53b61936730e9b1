import { expect, it } from 'vitest';
import { MAX_MOMENT_QUERIES, readMoments } from '../../src/reading/read-moments.js';
import type { ReadCell } from '../../src/reading/series-groups.js';

it('devices that were last seen at different times cost a bounded number of queries, the newest values first', async () => {
  const segment = { startMs: 0, endMs: 1_000_000 };
  const groups = new Map(
    Array.from({ length: 200 }, (_, nth): [string, ReadCell[]] => [
      `d${nth}`,
      [{ segment, cell: { startMs: nth * 1_000, count: 1, isInexact: false } }],
    ]),
  );
  let queries = 0;
  const moments = await readMoments(groups, 1_000, 0, async (_segment, { names, parts, fromMs }) => {
    queries += 1;
    const timed = { value: 1, atMs: fromMs, isExactTime: true };
    const [edge] = parts;
    return new Map(
      names.map((name) => [name, [{ startMs: fromMs, count: 1, isInexact: false, [edge!]: timed }]]),
    );
  });
  expect(queries).toBe(MAX_MOMENT_QUERIES);
  expect([...moments.values()].filter(({ last }) => last !== undefined)).toHaveLength(MAX_MOMENT_QUERIES);
  expect(moments.size).toBe(200);
});
