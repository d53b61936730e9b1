import type { AggregateField } from './aggregate.js';

/** In every row, because stores keep the old value of a field that a later write omits. */
export const OPEN_FIELD = 'open';
export const INEXACT_FIELD = 'inexact';

/** The fields that every row has beside those of the functions. */
export const ROW_MARKERS = [OPEN_FIELD, INEXACT_FIELD] as const;

/** What only merging into coarser rows needs; omitted where a function says the same. */
export const HIDDEN_PARTS = ['count', 'sum', 'seconds', 'trues', 'm2', 'm3', 'm4', 'sketch', 'top'] as const;
export type HiddenPart = (typeof HIDDEN_PARTS)[number];

export function hiddenName(field: string, part: HiddenPart): string {
  return `${field}__${part}`;
}

/** The names of the fields that a field of the points becomes in the rows, without the hidden ones. */
export function rowFieldNames(
  field: string,
  { functions, quantiles, histogram = [], top = 0 }: AggregateField,
): string[] {
  const valued = functions.filter((one) => one !== 'topk');
  return [...valued, ...topNames(top).flat(), ...quantiles.map(quantileName), ...binNames(histogram)].map(
    (suffix) => `${field}_${suffix}`,
  );
}

/** The names for each of the most frequent values and its count: `top1`, `top1_count`. */
export function topNames(top: number): [value: string, count: string][] {
  return Array.from({ length: top }, (_, index) => [`top${index + 1}`, `top${index + 1}_count`]);
}

/** `p95` for 0.95, `p99_9` for 0.999. */
export function quantileName(quantile: number): string {
  // Twelve digits: 0.07 times 100 is 7.000000000000001.
  return `p${numberName(Number((quantile * 100).toPrecision(12)))}`;
}

/** The bins of ascending bounds, one more than there are bounds: `below_0`, `0_to_10`, `from_10`. None without bounds. */
export function binNames(bounds: readonly number[]): string[] {
  if (bounds.length === 0) return [];
  const names = bounds.map(numberName);
  const between = names.slice(1).map((name, index) => `${names[index]}_to_${name}`);
  return [`below_${names[0]}`, ...between, `from_${names.at(-1)}`];
}

/** A number as a part of a name that no store has to quote: `minus_2_5`. */
function numberName(value: number): string {
  return String(value).replace(/-/g, 'minus_').replace('.', '_').replace('+', '');
}
