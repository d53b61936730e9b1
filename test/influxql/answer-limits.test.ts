import { expect, it } from 'vitest';
import {
  AnswerLimits,
  checkRowsRead,
  checkSortedPoints,
  checkWindows,
  MAX_CELLS,
  MAX_ROWS_READ,
  MAX_SORTED_POINTS,
  MAX_TEXT_CHARACTERS_OF_ANSWER,
  MAX_WINDOWS,
} from '../../src/influxql/answer-limits.js';

it('counts the values of all rows of a statement', () => {
  const limits = new AnswerLimits();
  limits.countCells(MAX_CELLS - 1);
  limits.countCells(1);
  expect(() => limits.countCells(1)).toThrow(`more than ${MAX_CELLS} values; ask for a shorter time`);
});

it('counts the characters of all texts', () => {
  const limits = new AnswerLimits();
  limits.countTexts(['x'.repeat(MAX_TEXT_CHARACTERS_OF_ANSWER), 5, null, 7n, true]);
  expect(() => limits.countTexts(['x'])).toThrow(`more than ${MAX_TEXT_CHARACTERS_OF_ANSWER} characters`);
});

it.each([
  [(count: number) => checkWindows(BigInt(count)), MAX_WINDOWS, 'max-select-buckets limit exceeded'],
  [checkRowsRead, MAX_ROWS_READ, 'rows would be read'],
  [checkSortedPoints, MAX_SORTED_POINTS, 'points would have to be sorted'],
])('%o has a limit', (check, limit, reason) => {
  expect(() => check(limit)).not.toThrow();
  expect(() => check(limit + 1)).toThrow(reason);
});
