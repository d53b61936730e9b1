export interface DuckdbSinkOptions {
  /** The database file; its directory is made when it is missing. */
  readonly path: string;
  /** Age (of a point's timestamp) beyond which points are refused and rows deleted, ms; 0 keeps all. */
  readonly retentionMs?: number;
  /** What DuckDB may use for its buffers; above it spills to `<path>.tmp`. */
  readonly memoryLimitBytes?: number;
  /** DuckDB's own threads for one query. */
  readonly threads?: number;
}

const DAY_MS = 86_400_000;

export const DUCKDB_DEFAULTS = {
  retentionMs: 7 * DAY_MS,
  memoryLimitBytes: 128 * 1024 * 1024,
  threads: 1,
} as const;
