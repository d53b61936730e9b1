import { findProgram } from '../../harness/server-process.js';
import { NotRunnable } from '../not-runnable.js';
import type { BenchOptions } from '../options.js';
import type { PartReport } from '../report/table.js';
import { e2e } from './e2e.js';
import { startInfluxStore } from './influx-store.js';

export async function e2eInflux(options: BenchOptions): Promise<PartReport> {
  if (findProgram('influxd') === undefined) throw new NotRunnable('influxd is not installed');
  return e2e(options, 'e2e-influx: MQTT to InfluxDB', startInfluxStore);
}
