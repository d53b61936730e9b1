import { findProgram } from '../../harness/server-process.js';
import { NotRunnable } from '../not-runnable.js';
import type { BenchOptions } from '../options.js';
import type { PartReport } from '../report/table.js';
import { e2e } from './e2e.js';
import { e2eWindows } from './e2e-windows.js';
import { startInfluxStore } from './influx-store.js';

export async function e2eInflux(options: BenchOptions): Promise<PartReport> {
  needInflux();
  return e2e(options, 'e2e-influx: MQTT to InfluxDB', startInfluxStore);
}

export async function e2eInfluxWindows(options: BenchOptions): Promise<PartReport> {
  needInflux();
  return e2eWindows(options, 'e2e-influx-windows: MQTT to InfluxDB, with windows', startInfluxStore);
}

export function needInflux(): void {
  if (findProgram('influxd') === undefined) throw new NotRunnable('influxd is not installed');
}
