import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { SketchBins } from '../../src/sink/field-summary.js';
import { binOf, mergeBins, quantileOf, RELATIVE_ERROR } from '../../src/sink/quantile-sketch.js';

function sketchOf(values: readonly number[]): SketchBins {
  const bins = new Map<number, number>();
  for (const value of values) bins.set(binOf(value), (bins.get(binOf(value)) ?? 0) + 1);
  return bins;
}

/** The exact quantile: the smallest value with at least q of all values up to it. */
function exactQuantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const found = sorted.find((_, i) => (i + 1) / sorted.length >= q);
  return found ?? Number.NaN;
}

function expectClose(estimate: number | undefined, exact: number): void {
  expect(estimate).toBeDefined();
  expect(Math.abs(estimate! - exact)).toBeLessThanOrEqual(RELATIVE_ERROR * Math.abs(exact) * (1 + 1e-9));
}

// Doubles below have fewer digits than the relative error asks for.
const SMALLEST = 1e-300;
const anyValue = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((v) => (Math.abs(v) < SMALLEST ? 0 : v)),
  fc.integer({ min: -1000, max: 1000 }).map((n) => n / 8),
  fc.constantFrom(0, -0, 1, -1, Number.MAX_VALUE, -Number.MAX_VALUE),
);
/** Fractions whose product with a count has no rounding that changes the rank. */
const anyQuantile = fc.integer({ min: 0, max: 64 }).map((n) => n / 64);

describe('a sketch of quantiles', () => {
  test('is within 1 % of the exact quantile, for negative values and zero too', () => {
    fc.assert(
      fc.property(fc.array(anyValue, { minLength: 1, maxLength: 100 }), anyQuantile, (values, q) => {
        expectClose(quantileOf(sketchOf(values), q), exactQuantile(values, q));
      }),
      { numRuns: 500 },
    );
  });

  test('of two parts merges into the sketch of the whole', () => {
    fc.assert(
      fc.property(fc.array(anyValue), fc.array(anyValue), (a, b) => {
        expect(mergeBins(sketchOf(a), sketchOf(b))).toEqual(sketchOf([...a, ...b]));
      }),
    );
  });

  test('has its bins in the order of the values', () => {
    fc.assert(
      fc.property(anyValue, anyValue, (a, b) => {
        if (a <= b) expect(binOf(a)).toBeLessThanOrEqual(binOf(b));
      }),
    );
    expect([-2, -1, 0, 1, 2].map(binOf)).toEqual([-40_035, -40_000, 0, 40_000, 40_035]);
  });

  test('without values has no quantile', () => {
    expect(quantileOf(new Map(), 0.5)).toBeUndefined();
  });

  test('the ends are the smallest and the largest value', () => {
    const bins = sketchOf([10, 20, 30]);
    expectClose(quantileOf(bins, 0), 10);
    expectClose(quantileOf(bins, 1), 30);
    expectClose(quantileOf(bins, 0.34), 20);
  });
});
