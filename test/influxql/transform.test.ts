import { describe, expect, it } from 'vitest';
import type { TransformationName } from '../../src/influxql/functions.js';
import { TimeWindows } from '../../src/influxql/time-windows.js';
import { type TransformOptions, transform } from '../../src/influxql/transform.js';

const SECOND_NS = 1_000_000_000n;

/** One value a second; undefined is a second without one, null a window that fill has put in. */
function transformed(
  name: TransformationName,
  values: readonly (number | bigint | null | undefined)[],
  {
    unitNs = SECOND_NS,
    length = 0,
    ...options
  }: Partial<TransformOptions & { unitNs: bigint; length: number }> = {},
) {
  const found = values.flatMap((value, nth) =>
    value === undefined ? [] : [{ timeNs: BigInt(nth) * SECOND_NS, value }],
  );
  const plan = {
    kind: 'transformation',
    name,
    of: { kind: 'values', field: 'v', type: 'float' },
    unitNs,
    length,
  } as const;
  const answer = transform(found, plan, { ascending: true, windows: undefined, wholeNs: 0n, ...options });
  return answer.map(({ timeNs, value }) => [Number(timeNs / SECOND_NS), value]);
}

describe('transformations', () => {
  it.each([
    [
      'derivative',
      [1, 3, undefined, 2],
      [
        [1, 2],
        [3, -0.5],
      ],
    ],
    [
      'non_negative_derivative',
      [1, 3, 2, 6],
      [
        [1, 2],
        [3, 4],
      ],
    ],
    [
      'difference',
      [1n, 3n, null, 2n],
      [
        [1, 2n],
        [3, -1n],
      ],
    ],
    [
      'non_negative_difference',
      [1, 3, 2, 6],
      [
        [1, 2],
        [3, 4],
      ],
    ],
    [
      'cumulative_sum',
      [1n, null, 2n, -5n],
      [
        [0, 1n],
        [2, 3n],
        [3, -2n],
      ],
    ],
    ['elapsed', [1, undefined, undefined, 1], [[3, 3n]]],
    ['integral', [0, 2, undefined, 2], [[0, 5]]],
  ] as const)('%s', (name, values, expected) => {
    expect(transformed(name, values)).toEqual(expected);
  });

  it('a moving average begins when there are enough values', () => {
    expect(transformed('moving_average', [1, 2, 6, null, 4], { length: 3 })).toEqual([
      [2, 3],
      [4, 4],
    ]);
  });

  it('units scale', () => {
    expect(transformed('derivative', [0, 2], { unitNs: 60n * SECOND_NS })).toEqual([[1, 120]]);
    expect(transformed('integral', [2, 2], { unitNs: SECOND_NS / 2n })).toEqual([[0, 4]]);
  });

  it('an area is divided at the ends of windows, and a value at a start has none', () => {
    const windows = new TimeWindows(2n * SECOND_NS, 0n, undefined);
    expect(transformed('integral', [0, 1, 2, 3, 4], { windows })).toEqual([
      [0, 2],
      [2, 6],
    ]);
    expect(transformed('integral', [0, undefined, undefined, 3], { windows })).toEqual([
      [0, 2],
      [2, 2.5],
    ]);
  });

  it('integers wrap as those of 64 bits', () => {
    expect(transformed('cumulative_sum', [2n ** 63n - 1n, 1n])).toEqual([
      [0, 2n ** 63n - 1n],
      [1, -(2n ** 63n)],
    ]);
  });

  it.each(['derivative', 'difference', 'elapsed', 'moving_average', 'integral'] as const)(
    '%s of nothing is nothing',
    (name) => {
      expect(transformed(name, [])).toEqual([]);
      if (name !== 'integral') expect(transformed(name, [1], { length: 2 })).toEqual([]);
    },
  );
});
