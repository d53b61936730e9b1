import type { TagChoice } from '../sink/statistics.js';

export const SERIES_FUNCTIONS = ['mean', 'min', 'max', 'sum', 'count', 'first', 'last'] as const;
export const SERIES_ORDERS = ['count', 'value', 'name'] as const;

/** What is taken of the values of a bucket: a function, or the value of a rank. */
export type SeriesFunction = (typeof SERIES_FUNCTIONS)[number] | { readonly percentile: number };

/** Asks for the values of a number field over time, by group. */
export interface SeriesQuery {
  readonly measurement: string;
  readonly field: string;
  readonly fn: SeriesFunction;
  /** Tag that splits the series into groups; without it all series form one group. */
  readonly by?: string;
  /** Restricts the query to points whose tag has one of these values; '' matches points without the tag. */
  readonly only?: TagChoice;
  /** ms since 1970. */
  readonly fromMs: number;
  /** Exclusive. */
  readonly toMs: number;
  /** Buckets begin at multiples of it since 1970. Absent: each window of `resolution` is a bucket. */
  readonly bucketMs?: number;
  /** `auto`, `raw`, or the duration of a resolution such as `5min`: nothing coarser is read. */
  readonly resolution: string;
  /** The groups with the most points, with the greatest value over the whole time, or by name. */
  readonly order: (typeof SERIES_ORDERS)[number];
  /** More buckets are left to the next request. */
  readonly maxBuckets: number;
  readonly offset: number;
  readonly limit: number;
}

export interface SeriesAnswer {
  /** What the values were computed from, coarsest first: `raw` for points, else the duration of a resolution. */
  readonly resolutions: readonly string[];
  /** The time that was read, ms since 1970; where only rows are left it is wider than asked for, by less than one window. */
  readonly fromMs: number;
  readonly toMs: number;
  /** Where the next request goes on, when there are more buckets than one answer has; null: this is all. */
  readonly nextFromMs: number | null;
  /** Width of a bucket; days of a time zone may be an hour shorter or longer. */
  readonly bucketMs: number;
  /** Start of each bucket, ascending; also of empty ones. */
  readonly timesMs: readonly number[];
  /** How many groups there are; `groups` has a page of them. */
  readonly found: number;
  readonly groups: readonly SeriesGroup[];
}

export interface SeriesGroup {
  /** Value of the `by` tag; '' without `by` and for points without the tag. */
  readonly name: string;
  /** How many series it has in the store; null: the store does not say. */
  readonly series: number | null;
  /** One for each bucket; null where it has no value, or where it is not known. */
  readonly values: readonly (number | null)[];
  /** The least and the greatest value in each bucket. */
  readonly lows: readonly (number | null)[];
  readonly highs: readonly (number | null)[];
  /** Of all values between `fromMs` and `toMs`, not of the buckets. */
  readonly statistics: SeriesStatistics;
  /** Some of it comes from rows that may not have all values. */
  readonly isInexact: boolean;
}

/** null: not known, because points are deleted and no row says it. */
export interface SeriesStatistics {
  readonly count: number;
  readonly sum: number | null;
  readonly mean: number | null;
  readonly min: number | null;
  readonly max: number | null;
  readonly first: SeriesMoment | null;
  readonly last: SeriesMoment | null;
}

export interface SeriesMoment {
  readonly value: number;
  /** ms since 1970. */
  readonly atMs: number;
  /** False: the value was measured in the window that begins at that time. */
  readonly isExactTime: boolean;
}
