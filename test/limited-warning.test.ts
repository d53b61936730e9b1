import { expect, test } from 'vitest';
import { LimitedWarning } from '../src/limited-warning.js';

function limited(everyMs: number) {
  let nowMs = 0;
  const said: unknown[] = [];
  const warning = new LimitedWarning<'A' | 'B'>(
    ({ code, heldBack, n }) => said.push([code, n, heldBack]),
    { nowNs: () => 0n, monotonicMs: () => nowMs },
    { everyMs },
  );
  return {
    warning,
    said,
    at: (ms: number) => {
      nowMs = ms;
    },
  };
}

test('a code is said once in its time, others are not held back by it, and the next one tells how many were', () => {
  const { warning, said, at } = limited(1_000);
  for (let n = 0; n < 5; n += 1) warning.say('A', { n }, 's');
  warning.say('B', { n: 0 }, 's');
  at(999);
  warning.say('A', { n: 5 }, 's');
  at(1_000);
  warning.say('A', { n: 6 }, 's');
  at(2_000);
  warning.say('A', { n: 7 }, 's');
  expect(said).toEqual([
    ['A', 0, 0],
    ['B', 0, 0],
    ['A', 6, 5],
    ['A', 7, 0],
  ]);
});
