/**
 * What the values of one field of one group and window come to. Values are compared and added as doubles. Two summaries
 * of neighbouring windows can be merged into the summary of both without the values (`mergeSummaries`).
 */
export interface FieldSummary {
  /** How many points have a value. A point that was overwritten counts once. */
  readonly count: number;
  /** Absent for text and boolean fields. */
  readonly numbers?: NumberSummary;
  /** How many values are true; only for boolean fields. */
  readonly trueCount?: number;
  /** Present when it was asked for: `FoldField.steps`. */
  readonly steps?: StepSummary;
  /** Present when it was asked for: `FoldField.top`. */
  readonly top?: TopValues;
}

/** The numbers of a field. */
export interface NumberSummary {
  readonly sum: number;
  readonly mean: number;
  /** Sum of the squared differences from the mean: the sample variance is `m2 / (count - 1)`. */
  readonly m2: number;
  /** Sums of the third and fourth powers of the differences; present when asked for: `FoldField.shape`. */
  readonly m3?: number;
  readonly m4?: number;
  readonly min: number;
  readonly max: number;
  /** The value of the earliest and of the latest point; of several series with that time, of the greatest `seriesKey`. */
  readonly first: number;
  readonly last: number;
  /** Counts between the bounds that were asked for: below the first, from each to the next, from the last on. */
  readonly histogram?: readonly number[];
  /** Present when asked for: `FoldField.quantiles`. */
  readonly sketch?: SketchBins;
}

/**
 * What is taken between neighbouring values of one raw series, and then added over the series of a group. The first value
 * of a window is compared with the last one before it, if that is not older than `FoldQuery.lookbackMs`.
 */
export interface StepSummary {
  /** How often a value differs from the one before it. */
  readonly changes: number;
  /** Sum of the differences to the value before; a value below it is a counter that began again, and counts whole. */
  readonly increase: number;
  /** Each value times the seconds until the next one or the end of the window, and the sum of these seconds. */
  readonly weightedSum: number;
  readonly seconds: number;
}

/** A value as a store returns it; an int is a double here. */
export type StoredValue = number | boolean | string;

/** How often values occur: see top-values.ts. */
export interface TopValues {
  /** The most frequent values, the most frequent first. */
  readonly counts: ReadonlyMap<StoredValue, number>;
  /** There are further values: of several windows together the most frequent cannot be said for sure. */
  readonly isCut: boolean;
  /** False: a more frequent value may be missing, or a count too low. */
  readonly isExact: boolean;
}

/** Counts per bin of a sketch with a relative error of 1 %: see quantile-sketch.ts. */
export type SketchBins = ReadonlyMap<number, number>;
