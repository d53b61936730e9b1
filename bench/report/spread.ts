/** One figure measured several times. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
  readonly all: readonly number[];
}

/** Of at least one value. */
export function spreadOf(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const median = sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
  return { median, min: sorted[0]!, max: sorted.at(-1)!, all: values };
}

/** `median (min..max)`, or the value alone when it was measured once. */
export function spreadText(spread: Spread, digits = 0): string {
  const { median, min, max, all } = spread;
  if (all.length === 1) return numberText(median, digits);
  return `${numberText(median, digits)} (${numberText(min, digits)}..${numberText(max, digits)})`;
}

/** With a comma between the thousands. */
export function numberText(value: number, digits = 0): string {
  return value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}
