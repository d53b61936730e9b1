import { expect, it } from 'vitest';
import { pageModule } from '../support/page-module.js';

const { behindLine, scaleOf } = await pageModule<{
  behindLine(values: readonly number[], topMs: number): string;
  scaleOf(highestMs: number): number;
}>('behind-chart.js');

it('scaleOf leaves room above the highest value, without a bound', () => {
  expect([0, 1_000, 1_001, 61_000, 9e7].map(scaleOf)).toEqual([1_000, 1_000, 2_000, 300_000, 172_800_000]);
});

it('behindLine draws a step a unit, the highest at the top', () => {
  expect(behindLine([0, 500, 1_000, 2_000], 1_000)).toBe('M0 100L1 50L2 0L3 0');
});
