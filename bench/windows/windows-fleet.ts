import type { ResolutionReport } from '../../src/windows/windows-report.js';
import { duckdbStore } from '../e2e/duckdb-store.js';
import { needDuckdb } from '../e2e/e2e-duckdb.js';
import { needInflux } from '../e2e/e2e-influx.js';
import { startInfluxStore } from '../e2e/influx-store.js';
import type { Store } from '../e2e/store.js';
import type { BenchOptions } from '../options.js';
import { LoadClient } from '../processes/load-client.js';
import { numberText } from '../report/spread.js';
import type { PartReport } from '../report/table.js';
import { finestOf } from './computed-windows.js';
import { type Fleet, type FleetLoad, type FleetRun, runWithoutWindows, runWithWindows } from './fleet-run.js';

const FULL: Fleet = {
  series: 10_000,
  pointsPerSecond: 10_000,
  resolutions: ['1min', '10min'],
  windowMs: 60_000,
  windows: 10,
};
const QUICK: Fleet = {
  series: 500,
  pointsPerSecond: 500,
  resolutions: ['5s', '1min'],
  windowMs: 5_000,
  windows: 2,
};

interface Measured {
  readonly store: string;
  readonly without: FleetLoad;
  readonly with: FleetRun;
}

/** What windows of a large fleet cost that reports at its own pace. */
export async function windowsFleet({ directory, isQuick }: BenchOptions): Promise<PartReport> {
  needInflux();
  await needDuckdb();
  const fleet = isQuick ? QUICK : FULL;
  const client = new LoadClient();
  const measured: Measured[] = [];
  try {
    for (const newStore of [duckdbStore, startInfluxStore]) {
      const [store, without] = await runOn(newStore, (on) => runWithoutWindows(directory, on, client, fleet));
      const [, having] = await runOn(newStore, (on) => runWithWindows(directory, on, client, fleet));
      measured.push({ store, without, with: having });
    }
  } finally {
    await client.close();
  }
  return reportOf(fleet, measured);
}

/** Resolves with the name of the store, which is a new one, and the result. */
async function runOn<T>(
  newStore: () => Store | Promise<Store>,
  run: (store: Store) => Promise<T>,
): Promise<[name: string, result: T]> {
  const store = await newStore();
  try {
    return [store.name, await run(store)];
  } finally {
    await store.stop();
  }
}

function reportOf(fleet: Fleet, measured: readonly Measured[]): PartReport {
  const row = (name: string, figure: (one: Measured) => number, digits = 0) => [
    name,
    ...measured.map((one) => numberText(figure(one), digits)),
  ];
  const finest = (name: string, figure: (of: ResolutionReport) => number, digits = 0) =>
    row(name, (one) => figure(finestOf(one.with.report)), digits);
  const [every] = fleet.resolutions;
  return {
    title: `windows-fleet: ${numberText(fleet.series)} series, ${numberText(fleet.pointsPerSecond)} points/s, ${fleet.windows} windows of ${every}`,
    notes: [
      `Points of five fields, QoS 1, sent when they are due; mean, min, max and count of each field, in ${fleet.resolutions.join(' and ')}`,
      'Without: one window long, a new gateway and a new store. The rows of the finest windows must count every point once.',
      'While computing: messages that were acknowledged while a window waited to be computed or was computed.',
    ],
    heads: ['what', ...measured.map(({ store }) => store)],
    rows: [
      finest('seconds to compute a window', ({ folds, foldMs }) => foldMs / folds / 1_000, 2),
      finest('  the longest', ({ longestFoldMs }) => longestFoldMs / 1_000, 2),
      finest('rows written', ({ rowsWritten }) => rowsWritten),
      row('PUBACK p99 while computing, ms', (one) => one.with.computingP99Ms, 1),
      row('  at other times', (one) => one.with.restP99Ms, 1),
      row('  without windows', (one) => one.without.p99Ms, 1),
      row('share of messages while computing, %', (one) => one.with.computingShare * 100, 1),
      row('cores of the gateway', (one) => one.with.gatewayCores, 2),
      row('  without windows', (one) => one.without.gatewayCores, 2),
      row('cores of the store', (one) => one.with.storeCores, 2),
      row('  without windows', (one) => one.without.storeCores, 2),
      row('gateway peak RSS, MB', (one) => one.with.gatewayPeakRssBytes / 1e6),
      row('  without windows', (one) => one.without.gatewayPeakRssBytes / 1e6),
      row('store peak RSS, MB', (one) => one.with.storePeakRssBytes / 1e6),
      row('noted of windows at the end, KB', (one) => one.with.report.memoryBytes / 1e3),
    ],
    figures: { fleet, measured },
  };
}
