import { stat } from 'node:fs/promises';
import { SluiceError } from '../lib/errors.js';
import { ifThere } from '../lib/if-there.js';
import type { SinkOptions } from './create-sink.js';
import { DuckdbDatabase, type DuckdbSinkOptions, loadDuckdb } from './duckdb/duckdb-database.js';
import { DuckdbQueries } from './duckdb/duckdb-queries.js';
import type { StoreQueries } from './store-query.js';

/** No writer shares the memory. */
const MIN_MEMORY_BYTES = 2 ** 30;

export interface OpenQueries {
  readonly queries: StoreQueries;
  close(): Promise<void>;
}

/** Rejects with SINK_QUERY_UNSUPPORTED for another store than the embedded one, and with USAGE_INVALID when it has no file. */
export async function queriedStore(options: SinkOptions): Promise<DuckdbSinkOptions> {
  if (options.kind !== 'duckdb') throw queryUnsupported();
  const { path } = options.duckdb;
  if ((await ifThere(stat(path))) !== undefined) return options.duckdb;
  throw new SluiceError('USAGE_INVALID', `there is no DuckDB file ${path}`);
}

/**
 * Opens the embedded store for reading only, for a command beside a gateway that is stopped; the caller holds the lock of the
 * data directory.
 */
export async function openQueries({ path, memoryLimitBytes = 0 }: DuckdbSinkOptions): Promise<OpenQueries> {
  const database = await DuckdbDatabase.open(await loadDuckdb(), {
    path,
    memoryLimitBytes: Math.max(memoryLimitBytes, MIN_MEMORY_BYTES),
    isReadOnly: true,
  });
  const queries = new DuckdbQueries(() => database, path);
  return {
    queries,
    close: async () => {
      await queries.stop();
      database.close();
    },
  };
}

/** Why SQL is not answered by another store than the embedded one, and what to use. */
export function queryUnsupported(): SluiceError {
  return new SluiceError(
    'SINK_QUERY_UNSUPPORTED',
    'The store is InfluxDB, which is asked directly: with the influx client, its HTTP API, or Grafana. SQL over the gateway needs the embedded store, sink.duckdb.',
  );
}
