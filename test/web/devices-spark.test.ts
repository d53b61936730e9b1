import { expect, it } from 'vitest';
import { pageModule } from '../support/page-module.js';

const { scaleOf, sparkPath } = await pageModule<{
  scaleOf(sparks: readonly (readonly (number | null)[] | undefined)[]): { least: number; greatest: number };
  sparkPath(values: readonly (number | null)[], scale: { least: number; greatest: number }): string;
}>('devices-spark.js');

it('has one scale for all curves, from the least to the greatest value', () => {
  expect(scaleOf([[4, null, 6], undefined, [-1]])).toEqual({ least: -1, greatest: 6 });
});

it.each([
  ['a line', [0, 10, 5], 'M0 20L60 0L120 10'],
  ['a gap', [0, null, 5], 'M0 20h1M120 10h1'],
  ['one value', [5], 'M0 10h1'],
  ['nothing', [null, null], ''],
])('draws %s', (_name, values, path) => {
  expect(sparkPath(values, { least: 0, greatest: 10 })).toBe(path);
});

it('draws what never changes in the middle', () => {
  expect(sparkPath([7, 7], { least: 7, greatest: 7 })).toBe('M0 10L120 10');
});
