import { SluiceError } from '../lib/errors.js';

/*
 * What a store says of the values of one field, in cells of time. Two cells of the same group can be merged into what would
 * have been said of both (`mergeCells` in reading/): so values may come partly from points and partly from rows of windows.
 */

/** What can be asked beside the count. A percentile cannot be merged. */
export const STATISTICS_PARTS = ['sum', 'min', 'max', 'first', 'last'] as const;
export type StatisticsPart = (typeof STATISTICS_PARTS)[number];

/** Asks for the numbers of a field, by group and cell of time. */
export interface StatisticsQuery {
  readonly measurement: string;
  readonly values: ValueSource;
  /** Tag that splits the series into groups; without it all series form one group. */
  readonly by?: string;
  /** Only series whose tag has one of these values; '' matches series without the tag. */
  readonly only?: TagChoice;
  /** Only these groups; absent: all. */
  readonly names?: readonly string[];
  /** ms since 1970. */
  readonly fromMs: number;
  /** Exclusive. */
  readonly toMs: number;
  /** Width of a cell; cells begin at multiples of it since 1970. Absent: the whole time is one cell. */
  readonly cellMs?: number;
  readonly parts: ReadonlySet<StatisticsPart>;
  /** Between 0 and 1: the value of that rank among all values. Only of points. */
  readonly percentile?: number;
}

export interface TagChoice {
  readonly tag: string;
  readonly values: readonly string[];
}

/** Asks how many series each group has in the store, whenever they had a point. */
export type SeriesCountQuery = Pick<StatisticsQuery, 'measurement' | 'by' | 'only' | 'names'>;

/** The values themselves, or what rows of windows say of them. `tags` are all that rows can have; absent: those of the points. */
export type ValueSource =
  | { readonly kind: 'points'; readonly field: string }
  | { readonly kind: 'rows'; readonly columns: RowColumns; readonly tags?: readonly string[] };

/** The fields of a row that say something of the values; absent: the row does not say it. */
export interface RowColumns {
  readonly count: string;
  /** Either of them says the sum. */
  readonly sum?: string;
  readonly mean?: string;
  readonly min?: string;
  readonly max?: string;
  readonly first?: string;
  readonly last?: string;
  /** Is true in rows that may not have all values. */
  readonly inexact: string;
}

/**
 * No chart shows more cells. A query for more is a mistake that would fill the memory, and InfluxDB 1.6 builds every cell
 * before it answers, also when the client has gone.
 */
const MAX_CELLS = 20_000;

/** Throws SINK_QUERY_FAILED for a query with a time or a width that no store can be asked for. */
export function checkCells({ fromMs, toMs, cellMs }: StatisticsQuery): void {
  const cells = cellMs === undefined ? 1 : (toMs - fromMs) / cellMs;
  if (Number.isFinite(fromMs) && cells <= MAX_CELLS && (cellMs === undefined || cellMs >= 1)) return;
  throw new SluiceError('SINK_QUERY_FAILED', `a query can have at most ${MAX_CELLS} cells of at least 1 ms`);
}

/** Only groups with a value; the cells of each in the order of time, without empty ones. */
export type StatisticsAnswer = ReadonlyMap<string, readonly StatisticsCell[]>;

/** An int beyond 2^53 is rounded. What was not asked, or not known of all values, is absent. */
export interface StatisticsCell {
  /** ms since 1970; of the only cell the beginning of the time that was asked for. */
  readonly startMs: number;
  readonly count: number;
  readonly sum?: number;
  readonly min?: number;
  readonly max?: number;
  /** Of several series with that time, the value of the one with the greatest tags. */
  readonly first?: TimedValue;
  readonly last?: TimedValue;
  readonly percentile?: number;
  /** It comes from rows that may not have all values. */
  readonly isInexact: boolean;
}

export interface TimedValue {
  readonly value: number;
  /** Time of the point, or of the row that says it, ms since 1970. */
  readonly atMs: number;
  /** False: the time is that of a row, and the point came later in its window. */
  readonly isExactTime: boolean;
}
