import { expect, test } from 'vitest';
import { backOffMs } from '../../src/lib/back-off.js';

const BACK_OFF = { baseMs: 100, capMs: 1_000 };

test('the limit doubles from the base with every failure in a row, up to the cap', () => {
  const limits = [1, 2, 3, 4, 5, 6, 2_000].map((failures) => backOffMs(failures, BACK_OFF, () => 1));
  expect(limits).toEqual([100, 200, 400, 800, 1_000, 1_000, 1_000]);
});

test('a wait is anything up to the limit', () => {
  expect(backOffMs(3, BACK_OFF, () => 0)).toBe(0);
  expect(backOffMs(3, BACK_OFF, () => 0.25)).toBe(100);
});
