/** The functions of a field, by their names in the configuration and behind the field's name in the rows. */
export const WINDOW_FUNCTIONS = [
  'count',
  'sum',
  'mean',
  'min',
  'max',
  'stddev',
  'first',
  'last',
  'skew',
  'kurtosis',
  'true_ratio',
  'changes',
  'increase',
  'time_weighted_mean',
  'topk',
] as const;
export type WindowFunction = (typeof WINDOW_FUNCTIONS)[number];

/** One entry of `windows.aggregates`, with every default filled in. */
export interface Aggregate {
  readonly name: string;
  /** The measurement whose points are taken. */
  readonly from: string;
  /** The tags that make the groups; absent: each series is a group. */
  readonly by?: readonly string[];
  /** How much of time a window takes. It is `everyMs` of the finest resolution unless windows overlap. */
  readonly sizeMs: number;
  readonly latenessMs: number;
  /** Open windows are written in this interval; absent: only when they close. */
  readonly earlyMs?: number;
  readonly fields: ReadonlyMap<string, AggregateField>;
  /** From the finest to the coarsest; at least one. Each is a multiple of the one before. */
  readonly resolutions: readonly Resolution[];
}

export interface AggregateField {
  readonly functions: readonly WindowFunction[];
  /** Each between 0 and 1, ascending. */
  readonly quantiles: readonly number[];
  /** Ascending bounds; absent: no histogram. */
  readonly histogram?: readonly number[];
  /** How many of the most frequent values are in a row; absent without `topk`. */
  readonly top?: number;
}

export interface Resolution {
  /** A window begins with each multiple of it since 1970, or of a day at midnight of the zone. */
  readonly everyMs: number;
  /** IANA name; only for whole days. Absent: UTC. */
  readonly timezone?: string;
  /** The rows' measurement: the aggregate's name and the canonical duration, `climate_5min`. */
  readonly measurement: string;
  /** How long rows are kept; 0: for ever. */
  readonly retentionMs: number;
  /** The retention policy, bucket or database of InfluxDB that takes the rows; absent: where the points go. */
  readonly to?: string;
}

export interface WindowsOptions {
  /** Bound of what is remembered of windows that are not yet computed. */
  readonly memoryBytes: number;
  readonly aggregates: readonly Aggregate[];
}
