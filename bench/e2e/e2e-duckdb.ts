import { NotRunnable } from '../not-runnable.js';
import type { BenchOptions } from '../options.js';
import type { PartReport } from '../report/table.js';
import { duckdbStore } from './duckdb-store.js';
import { e2e } from './e2e.js';

export async function e2eDuckdb(options: BenchOptions): Promise<PartReport> {
  try {
    await import('@duckdb/node-api');
  } catch {
    // An optional dependency, not built for every platform.
    throw new NotRunnable('@duckdb/node-api is not installed');
  }
  return e2e(options, 'e2e-duckdb: MQTT to DuckDB', duckdbStore);
}
