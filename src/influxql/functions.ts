import type { ValueType } from './value.js';

/** The functions that are answered, by what they do. */

/** A value for each window; a selector is one of the values, and keeps its time where there are no windows. */
export const AGGREGATES = {
  count: 'any',
  sum: 'number',
  mean: 'number',
  median: 'number',
  mode: 'any',
  spread: 'number',
  stddev: 'number',
  min: 'not text',
  max: 'not text',
  first: 'any',
  last: 'any',
  percentile: 'number',
  top: 'number',
  bottom: 'number',
} as const satisfies Record<string, Takes>;
export type AggregateName = keyof typeof AGGREGATES;

export const SELECTORS: ReadonlySet<string> = new Set([
  'min',
  'max',
  'first',
  'last',
  'percentile',
  'top',
  'bottom',
]);

/** Selectors of several values, which keep their times in windows, too. */
export const RANKINGS: ReadonlySet<string> = new Set(['top', 'bottom']);

/** A value for each value, or for each window of the aggregate inside; `integral` is a value for each window of a field. */
export const TRANSFORMATIONS = {
  derivative: 'number',
  non_negative_derivative: 'number',
  difference: 'number',
  non_negative_difference: 'number',
  moving_average: 'number',
  cumulative_sum: 'number',
  elapsed: 'any',
  integral: 'number',
} as const satisfies Record<string, Takes>;
export type TransformationName = keyof typeof TRANSFORMATIONS;

/** The types of fields that a function takes. */
export type Takes = 'any' | 'number' | 'not text';

/** The functions of one row, with the number of their arguments. */
export const MATH = {
  abs: 1,
  sin: 1,
  cos: 1,
  tan: 1,
  asin: 1,
  acos: 1,
  atan: 1,
  atan2: 2,
  exp: 1,
  log: 2,
  ln: 1,
  log2: 1,
  log10: 1,
  sqrt: 1,
  pow: 2,
  floor: 1,
  ceil: 1,
  round: 1,
} as const;
export type MathName = keyof typeof MATH;

export function isAggregate(name: string): name is AggregateName {
  return Object.hasOwn(AGGREGATES, name);
}

export function isTransformation(name: string): name is TransformationName {
  return Object.hasOwn(TRANSFORMATIONS, name);
}

export function isMath(name: string): name is MathName {
  return Object.hasOwn(MATH, name);
}

export function takes(what: Takes, type: ValueType): boolean {
  if (what === 'any') return true;
  return type === 'float' || type === 'integer' || (what === 'not text' && type === 'boolean');
}

export const SUPPORTED_FUNCTIONS = [
  ...Object.keys(AGGREGATES),
  'distinct',
  ...Object.keys(TRANSFORMATIONS),
  ...Object.keys(MATH),
].join(', ');
