/** `text-rows`: JSON in which every value is text, for a table that people read. */
export const QUERY_FORMATS = ['json', 'csv', 'parquet', 'text-rows'] as const;
export type QueryFormat = (typeof QUERY_FORMATS)[number];

/** Longer texts are refused: the parser of the store takes memory that it does not count. */
export const MAX_QUERY_CHARACTERS = 100_000;

/** One statement of a user, or all rows of a measurement in a span of time. */
export type QueryText =
  | { readonly sql: string }
  | { readonly measurement: string; readonly fromMs?: number; readonly toMs?: number };

export interface StoreQuery {
  readonly of: QueryText;
  readonly format: QueryFormat;
  /** The answer has no more rows. */
  readonly maxRows: number;
  /** A longer query is ended. */
  readonly timeoutMs: number;
  /** A query with a larger answer is ended. */
  readonly maxBytes: number;
}

/** The answer of a query, complete in a file. Who asked removes the file. */
export interface StoreQueryAnswer {
  readonly path: string;
  readonly bytes: number;
  readonly rows: number;
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  /** There are as many rows as the limit allows, and perhaps more in the store. */
  readonly isLimitReached: boolean;
}

/** How a query ended. The list is closed: it is the label of a metric. */
export const QUERY_OUTCOMES = [
  'answered',
  /** Not one statement that only reads, or one that the store cannot answer. */
  'refused',
  /** Another query was running. */
  'busy',
  /** Ended at a limit of time, memory or size. */
  'limited',
  /** Ended by the caller, or for the writer. */
  'ended',
] as const;
export type QueryOutcome = (typeof QUERY_OUTCOMES)[number];

/** How many queries ended so since the start. */
export type QueryCounts = Readonly<Record<QueryOutcome, number>>;

/**
 * The side of a store that answers queries of users, one at a time. It rejects with QUERY_INVALID, TOO_MANY_QUERIES,
 * QUERY_LIMIT_REACHED or SINK_QUERY_FAILED; then there is no file.
 */
export interface StoreQueries {
  answer(query: StoreQuery, signal: AbortSignal): Promise<StoreQueryAnswer>;
  /** Size of the file of the query that runs; undefined: none runs. */
  writtenBytes(): number | undefined;
  counts(): QueryCounts;
}
