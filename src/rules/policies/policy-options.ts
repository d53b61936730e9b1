/** What a rule does against the diseases of time series, as `config` passes it. */
export interface PolicyOptions {
  /** Two different readings of one series at one time. The store keeps the later one, and 'keep-last' counts that. */
  readonly collision?: 'keep-last' | 'spread';
  /** When absent, nothing is counted and nothing is limited. */
  readonly cardinality?: CardinalityOptions | undefined;
  readonly duplicates?: DuplicateOptions;
  readonly gaps?: GapOptions;
}

/** Budgets of a measurement. The number of a budget is the same for all of its rules. */
export interface CardinalityOptions {
  /** Most series of a measurement. */
  readonly series: number;
  /** Most values of one tag of a measurement. */
  readonly tagValues: number;
  /** Most fields of a measurement whose names come from messages. */
  readonly fields: number;
  /** Most of them that one client may add in an hour. */
  readonly newFields: number;
  /** Share of `series` and of `fields` that what one client has added first may take, in percent. */
  readonly clientSharePercent: number;
  /** What was not seen for so long no longer counts. */
  readonly forgetAfterMs: number;
  /** What happens to what is over a budget. */
  readonly otherwise: OverBudget;
}

/** Safe for a store of the usual size: InfluxDB 1 allows 100,000 values for each tag. */
export const DEFAULT_CARDINALITY: CardinalityOptions = {
  series: 100_000,
  tagValues: 100_000,
  fields: 1_000,
  newFields: 200,
  clientSharePercent: 50,
  forgetAfterMs: 30 * 86_400_000,
  otherwise: 'park',
};

/** A table of DuckDB has at most 500 tags and fields, and those that rules name need room as well. */
export const DUCKDB_FIELDS = 400;

/**
 * park: the record is parked. omit: the tag with too many values, or the new field, is omitted. demote: such a tag becomes
 * the text field `<tag>_value`; a new field is omitted.
 */
export type OverBudget = 'park' | 'omit' | 'demote';

/** A message that was sent again is filtered. */
export interface DuplicateOptions {
  /** References that tell two messages apart: all of them together are the key. */
  readonly key: string | readonly string[];
  readonly withinMs: number;
  /** Most keys that are remembered; with more the time in which they are is shorter. */
  readonly maxKeys: number;
}

/** Reports what a device has counted and the gateway has never received. */
export interface GapOptions {
  /** Reference of the counter. */
  readonly counter: string;
  /** References that tell two counters apart; when absent, the client and the device. */
  readonly by?: string | readonly string[];
  /** The counter goes from this number back to 0; when absent it never does. */
  readonly largest?: number;
}
