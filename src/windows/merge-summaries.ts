import type { FieldSummary, NumberSummary, SketchBins, StepSummary } from '../sink/field-summary.js';
import { mergeBins } from '../sink/quantile-sketch.js';
import { mergeTopValues } from '../sink/top-values.js';

/** The summary of two neighbouring windows together; `before` is the earlier one. */
export function mergeSummaries(before: FieldSummary, after: FieldSummary): FieldSummary {
  return {
    count: before.count + after.count,
    ...both('numbers', before.numbers, after.numbers, (a, b) =>
      mergeNumbers(a, before.count, b, after.count),
    ),
    ...both('trueCount', before.trueCount, after.trueCount, (a, b) => a + b),
    ...both('steps', before.steps, after.steps, mergeSteps),
    ...both('top', before.top, after.top, mergeTopValues),
  };
}

/** The moments by the formulas of Chan, Golub and LeVeque (1979), and Pébay (2008) for the third and fourth. */
function mergeNumbers(a: NumberSummary, countA: number, b: NumberSummary, countB: number): NumberSummary {
  const count = countA + countB;
  const delta = b.mean - a.mean;
  const m2 = a.m2 + b.m2 + (delta * delta * countA * countB) / count;
  return {
    sum: a.sum + b.sum,
    mean: a.mean + (delta * countB) / count,
    m2,
    min: Math.min(a.min, b.min),
    max: Math.max(a.max, b.max),
    first: a.first,
    last: b.last,
    ...both('m3', a.m3, b.m3, (a3, b3) => {
      const between = (delta ** 3 * countA * countB * (countA - countB)) / (count * count);
      return a3 + b3 + between + (3 * delta * (countA * b.m2 - countB * a.m2)) / count;
    }),
    ...both('m4', a.m4, b.m4, (a4, b4) => {
      const squares = countA * countA - countA * countB + countB * countB;
      const between = (delta ** 4 * countA * countB * squares) / count ** 3;
      const second = (6 * delta ** 2 * (countA * countA * b.m2 + countB * countB * a.m2)) / count ** 2;
      return a4 + b4 + between + second + (4 * delta * (countA * (b.m3 ?? 0) - countB * (a.m3 ?? 0))) / count;
    }),
    ...both('histogram', a.histogram, b.histogram, addCounts),
    ...both('sketch', a.sketch, b.sketch, (one: SketchBins, other: SketchBins) => mergeBins(one, other)),
  };
}

function mergeSteps(a: StepSummary, b: StepSummary): StepSummary {
  return {
    changes: a.changes + b.changes,
    increase: a.increase + b.increase,
    weightedSum: a.weightedSum + b.weightedSum,
    seconds: a.seconds + b.seconds,
  };
}

function addCounts(a: readonly number[], b: readonly number[]): number[] {
  return a.map((count, nth) => count + (b[nth] ?? 0));
}

/** What one side lacks cannot be said of both. */
function both<Key extends string, Value>(
  key: Key,
  a: Value | undefined,
  b: Value | undefined,
  merge: (a: Value, b: Value) => Value,
): { readonly [K in Key]?: Value } {
  if (a === undefined || b === undefined) return {};
  return { [key]: merge(a, b) } as { readonly [K in Key]?: Value };
}
