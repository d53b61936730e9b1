import type { StatisticsCell, StatisticsPart, TimedValue } from '../sink/statistics.js';
import { mergeCells } from './merge-cells.js';
import type { Segment } from './plan-reading.js';
import type { SeriesFunction, SeriesGroup, SeriesStatistics } from './series-query.js';

/** A cell, and what it was read from. */
export interface ReadCell {
  readonly segment: Segment;
  readonly cell: StatisticsCell;
}

/** The first and the last value of a group. */
export interface Moments {
  first?: TimedValue;
  last?: TimedValue;
}

/** Sum, least and greatest value are part of every answer. */
const USUAL_PARTS = ['sum', 'min', 'max'] as const;

export function isPercentile(fn: SeriesFunction): fn is { readonly percentile: number } {
  return typeof fn !== 'string';
}

/** What has to be asked for a function. */
export function partsOf(
  fn: SeriesFunction,
  usual: readonly StatisticsPart[] = USUAL_PARTS,
): Set<StatisticsPart> {
  const parts = new Set(usual);
  if (isPercentile(fn) || fn === 'count') return parts;
  return parts.add(fn === 'mean' ? 'sum' : fn);
}

/** Undefined where it is not known. */
export function valueOfCell(cell: StatisticsCell, fn: SeriesFunction): number | undefined {
  if (isPercentile(fn)) return cell.percentile;
  if (fn === 'first' || fn === 'last') return cell[fn]?.value;
  if (fn === 'mean') return cell.sum === undefined ? undefined : cell.sum / cell.count;
  return cell[fn];
}

/** A group of the answer. The cells are in the order of time, and each lies in one bucket. */
export function groupOf(
  name: string,
  read: readonly ReadCell[],
  fn: SeriesFunction,
  edges: readonly number[],
  { moments = {}, series }: { readonly moments: Moments | undefined; readonly series: number | null },
): SeriesGroup {
  const inBucket: StatisticsCell[][] = edges.slice(1).map(() => []);
  let bucket = 0;
  for (const { segment, cell } of read) {
    // The first cell of a range may begin before it.
    const atMs = Math.max(cell.startMs, segment.startMs);
    while (bucket < inBucket.length - 1 && atMs >= edges[bucket + 1]!) bucket++;
    inBucket[bucket]!.push(cell);
  }
  const cells = inBucket.map(mergeCells);
  const column = (value: (cell: StatisticsCell) => number | undefined) =>
    cells.map((cell) => (cell && value(cell)) ?? null);
  const all = mergeCells(read.map(({ cell }) => cell))!;
  return {
    name,
    series,
    values: column((cell) => valueOfCell(cell, fn)),
    lows: column(({ min }) => min),
    highs: column(({ max }) => max),
    statistics: statisticsOf(all, moments),
    isInexact: all.isInexact,
  };
}

function statisticsOf(all: StatisticsCell, { first, last }: Moments): SeriesStatistics {
  const { count, sum = null, min = null, max = null } = all;
  return {
    count,
    sum,
    mean: sum === null ? null : sum / count,
    min,
    max,
    first: first ?? all.first ?? null,
    last: last ?? all.last ?? null,
  };
}
