import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { pageModule } from '../support/page-module.js';

interface Scale {
  readonly min: number;
  readonly max: number;
  readonly step: number;
}
const { valueScale, ticksOf, columnValue } = await pageModule<{
  valueScale(low: number, high: number, intervals: number): Scale;
  ticksOf(scale: Scale): number[];
  columnValue(number: number | null, step: number): string;
}>('value-scale.js');

describe('the scale of values', () => {
  it.each([
    [2.4, 10.1, 4, [2, 4, 6, 8, 10, 12]],
    [0.1, 0.3, 2, [0.1, 0.2, 0.3]],
    [-1.2, 11.8, 4, [-5, 0, 5, 10, 15]],
    [1_003, 1_022, 2, [1_000, 1_010, 1_020, 1_030]],
  ])('from %d to %d has ticks at both ends', (low, high, intervals, ticks) => {
    expect(ticksOf(valueScale(low, high, intervals))).toEqual(ticks);
  });

  it('has room around a single value, and is there without any', () => {
    expect(valueScale(20, 20, 4)).toMatchObject({ min: 19, max: 21 });
    expect(valueScale(0, 0, 4).max).toBeGreaterThan(0);
    expect(ticksOf(valueScale(1e-320, 1e-320, 4)).length).toBeLessThan(8);
    expect(ticksOf(valueScale(0, 5e-324, 4)).length).toBeLessThan(8);
    expect(valueScale(Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 4)).toEqual({
      min: 0,
      max: 1,
      step: 1,
    });
  });

  it('always holds all values, with few ticks', () => {
    const value = fc.double({ min: -1e9, max: 1e9, noNaN: true });
    fc.assert(
      fc.property(value, value, fc.integer({ min: 1, max: 8 }), (one, other, intervals) => {
        const [low, high] = [Math.min(one, other), Math.max(one, other)];
        fc.pre(high === low || high - low > 1e-6 * Math.max(1, Math.abs(low), Math.abs(high)));
        const scale = valueScale(low, high, intervals);
        const room = (high - low) * 1e-6 + Math.abs(high) * 1e-9;
        expect(scale.min).toBeLessThanOrEqual(low + room);
        expect(scale.max).toBeGreaterThanOrEqual(high - room);
        expect(ticksOf(scale).length).toBeLessThanOrEqual(intervals + 3);
      }),
    );
  });
});

it.each([
  [20.4, 10, '20.4'],
  [4.631, 2, '4.6'],
  [4.631, 0.5, '4.63'],
  [1_013.2, 20, '1,013'],
  [2_500_000, 1_000_000, '2.5M'],
  [null, 1, '–'],
])('writes %s beside an axis with steps of %d as %s', (number, step, words) => {
  expect(columnValue(number, step)).toBe(words);
});
