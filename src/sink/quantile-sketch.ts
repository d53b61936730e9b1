import type { SketchBins } from './field-summary.js';

/** How far an estimated quantile is from the true one at most, as a part of the true one. */
export const RELATIVE_ERROR = 0.01;

const GAMMA = (1 + RELATIVE_ERROR) / (1 - RELATIVE_ERROR);

/** Bin i of the positive values has those above e^((i - 1) * LOG_GAMMA), up to e^(i * LOG_GAMMA). */
export const LOG_GAMMA = Math.log(GAMMA);

/** The logarithms of all doubles, in steps of LOG_GAMMA, lie between minus and plus this number. */
export const BIN_OFFSET = 40_000;

/** Where in a bin the estimate lies: equally far from both ends, as a part of them. */
const MIDDLE = 2 / (1 + GAMMA);

/**
 * Returns the bin of a value. Zero has the bin 0, negative values have the negated bin of their absolute value: bins are
 * in the order of the values. (DDSketch: Masson, Rim, Lee, 2019.) A store that computes bins itself may put a value at
 * the end of a bin into the next one: both are equally good estimates.
 */
export function binOf(value: number): number {
  if (value === 0) return 0;
  return Math.sign(value) * (Math.ceil(Math.log(Math.abs(value)) / LOG_GAMMA) + BIN_OFFSET);
}

/** Returns the sketch of the values of both. */
export function mergeBins(a: SketchBins, b: SketchBins): SketchBins {
  const merged = new Map(a);
  for (const [bin, count] of b) merged.set(bin, (merged.get(bin) ?? 0) + count);
  return merged;
}

/**
 * Returns the smallest value that at least the part `q` of the values does not exceed, with the relative error.
 * Undefined for an empty sketch.
 */
export function quantileOf(bins: SketchBins, q: number): number | undefined {
  let total = 0;
  for (const count of bins.values()) total += count;
  if (total === 0) return undefined;
  const rank = Math.max(1, total - Math.floor(total - q * total));
  let below = 0;
  for (const [bin, count] of [...bins].sort(([a], [b]) => a - b)) {
    below += count;
    if (below >= rank) return estimate(bin);
  }
  return undefined;
}

function estimate(bin: number): number {
  if (bin === 0) return 0;
  const middle = MIDDLE * Math.exp((Math.abs(bin) - BIN_OFFSET) * LOG_GAMMA);
  return Math.sign(bin) * Math.min(middle, Number.MAX_VALUE);
}
