import { expect, test } from 'vitest';
import { RateBudget } from '../../src/lib/rate-budget.js';

/** How many of `tries` there is room for at this time. */
function taken(budget: RateBudget, nowMs: number, tries: number): number {
  let count = 0;
  for (let at = 0; at < tries; at += 1) {
    if (!budget.hasRoom(nowMs)) continue;
    budget.spend(1);
    count += 1;
  }
  return count;
}

test('a second has its amount at once, and then it grows with the time', () => {
  const budget = new RateBudget(10, 5_000);
  expect(taken(budget, 5_000, 100)).toBe(10);
  expect(taken(budget, 5_050, 100)).toBe(1);
  expect(taken(budget, 5_550, 100)).toBe(5);
});

test('what is not used is kept for one second only', () => {
  expect(taken(new RateBudget(10, 0), 3_600_000, 100)).toBe(10);
});

test('debt is paid back before there is room again', () => {
  const budget = new RateBudget(10, 0);
  budget.spend(30);
  expect(budget.hasRoom(1_900)).toBe(false);
  expect(budget.hasRoom(2_100)).toBe(true);
});
