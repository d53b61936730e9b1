import { NotRunnable } from '../not-runnable.js';
import type { BenchOptions } from '../options.js';
import type { PartReport } from '../report/table.js';
import { duckdbStore } from './duckdb-store.js';
import { e2e } from './e2e.js';
import { e2eWindows } from './e2e-windows.js';

export async function e2eDuckdb(options: BenchOptions): Promise<PartReport> {
  await needDuckdb();
  return e2e(options, 'e2e-duckdb: MQTT to DuckDB', duckdbStore);
}

export async function e2eDuckdbWindows(options: BenchOptions): Promise<PartReport> {
  await needDuckdb();
  return e2eWindows(options, 'e2e-duckdb-windows: MQTT to DuckDB, with windows', duckdbStore);
}

export async function needDuckdb(): Promise<void> {
  try {
    await import('@duckdb/node-api');
  } catch {
    // An optional dependency, not built for every platform.
    throw new NotRunnable('@duckdb/node-api is not installed');
  }
}
