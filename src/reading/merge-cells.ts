import type { StatisticsCell, TimedValue } from '../sink/statistics.js';

/**
 * What would have been said of the values of all cells together. They have no value in common and are in the order of time.
 * What one of them does not say is not known of all; percentiles cannot be merged.
 */
export function mergeCells(cells: readonly StatisticsCell[]): StatisticsCell | undefined {
  const [first] = cells;
  if (first === undefined || cells.length === 1) return first;
  const merged = {
    sum: combined(cells, 'sum', (a, b) => a + b),
    min: combined(cells, 'min', Math.min),
    max: combined(cells, 'max', Math.max),
    first: first.first,
    last: cells.at(-1)!.last,
  };
  return {
    startMs: first.startMs,
    count: cells.reduce((sum, { count }) => sum + count, 0),
    ...withoutUnknown(merged),
    isInexact: cells.some(({ isInexact }) => isInexact),
  };
}

function combined(
  cells: readonly StatisticsCell[],
  part: 'sum' | 'min' | 'max',
  combine: (a: number, b: number) => number,
): number | undefined {
  let all: number | undefined;
  for (const cell of cells) {
    const value = cell[part];
    if (value === undefined) return undefined;
    all = all === undefined ? value : combine(all, value);
  }
  return all;
}

function withoutUnknown(
  parts: Readonly<Record<string, number | TimedValue | undefined>>,
): Partial<StatisticsCell> {
  return Object.fromEntries(Object.entries(parts).filter(([, value]) => value !== undefined));
}
