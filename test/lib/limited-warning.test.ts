import { expect, test } from 'vitest';
import { LimitedWarning } from '../../src/lib/limited-warning.js';

function limited(everyMs: number) {
  let nowMs = 0;
  const logged: unknown[] = [];
  const warning = new LimitedWarning<'A' | 'B'>(
    ({ code, heldBack, n }) => logged.push([code, n, heldBack]),
    { nowNs: () => 0n, monotonicMs: () => nowMs },
    { everyMs },
  );
  return {
    warning,
    logged,
    at: (ms: number) => {
      nowMs = ms;
    },
  };
}

test('a code is logged once in 30 s, others are not held back by it, and the next line has how many were', () => {
  const { warning, logged, at } = limited(1_000);
  for (let n = 0; n < 5; n += 1) warning.log('A', { n }, 's');
  warning.log('B', { n: 0 }, 's');
  at(999);
  warning.log('A', { n: 5 }, 's');
  at(1_000);
  warning.log('A', { n: 6 }, 's');
  at(2_000);
  warning.log('A', { n: 7 }, 's');
  expect(logged).toEqual([
    ['A', 0, 0],
    ['B', 0, 0],
    ['A', 6, 5],
    ['A', 7, 0],
  ]);
});
