import { expect, it } from 'vitest';
import { pageModule } from '../support/page-module.js';

type Column = readonly (number | null | undefined)[];
const { dotsOf, expectedWords } = await pageModule<{
  dotsOf(column: Column, isInFocus: boolean): number[];
  expectedWords(expected: readonly [number, number], unit: string): string;
}>('plot-marks.js');

it.each<[string, Column, boolean, number[]]>([
  ['a whole line', [1, 2, 3], false, []],
  ['the newest value of the line in focus', [1, 2, 3], true, [2]],
  ['a value between two gaps, which no line would show', [1, 2, null, 3, null, null, 4, 5], false, [3]],
  ['the end of a line that has ended', [1, 2, null, null, null], false, [1]],
  ['a line whose newest bucket is still empty', [1, 2, null], false, []],
  ['one value alone, once', [null, 1, null, null, null], true, [1]],
  ['a line that is bridged', [1, undefined, 2, undefined, 3], false, []],
  ['no value at all', [null, null, null, null], true, []],
])('puts dots at %s', (_what, column, isInFocus, dots) => {
  expect(dotsOf(column, isInFocus)).toEqual(dots);
});

it('says the expected range in words', () => {
  expect(expectedWords([2, 8], '°C')).toBe('expected 2 to 8 °C');
  expect(expectedWords([-0.5, 0.5], '')).toBe('expected -0.5 to 0.5');
});
