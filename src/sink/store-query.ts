/** `text-rows`: JSON in which every value is text, for a table that people read. */
export const QUERY_FORMATS = ['json', 'csv', 'parquet', 'text-rows'] as const;
export type QueryFormat = (typeof QUERY_FORMATS)[number];

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

/** How queries ended since the start. */
export interface QueryCounts {
  readonly answered: number;
  /** Not one statement that only reads, or one that the store cannot answer. */
  readonly refused: number;
  /** Another query was running. */
  readonly busy: number;
  /** Ended at a limit of time, memory or size. */
  readonly limited: number;
  /** Ended by the caller, or for the writer. */
  readonly ended: number;
}

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
