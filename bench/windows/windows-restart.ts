import { rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { needDuckdb } from '../e2e/e2e-duckdb.js';
import type { BenchOptions } from '../options.js';
import { climateRule } from '../processes/climate-reading.js';
import { type RunningGateway, startGateway } from '../processes/gateway.js';
import { LoadClient } from '../processes/load-client.js';
import { peakRssBytes } from '../processes/process-usage.js';
import { type Spread, spreadOf, spreadText } from '../report/spread.js';
import type { PartReport } from '../report/table.js';
import { windowsOf } from './computed-windows.js';
import { CLIMATE, climatePoints, INSTANT_SINK, openIdleWindows } from './idle-windows.js';
import { windowConfig } from './window-config.js';

const CONNECTIONS = 50;
const DAY_MS = 86_400_000;
/** Fewer than a window lists one by one. */
const GROUPS_PER_WINDOW = 500;

interface Restarts {
  readonly readyMs: Spread;
  readonly peakRssBytes: Spread;
  /** What is noted of windows after each restart; absent without windows. */
  readonly notedBytes?: Spread;
}

/** What windows cost a gateway that is killed with many series, and begins again. */
export async function windowsRestart(options: BenchOptions): Promise<PartReport> {
  await needDuckdb();
  const series = options.isQuick ? 1_000 : 100_000;
  const restarts = options.repeat ?? (options.isQuick ? 1 : 5);
  const client = new LoadClient();
  try {
    const without = await restarted(options.directory, climateRule(), client, series, restarts);
    const config = windowConfig(['1h', '1d'], '30s');
    const having = await restarted(options.directory, config, client, series, restarts);
    const late = await reopenedWithLateGroups(options.directory, series, restarts);
    return reportOf(series, restarts, without, having, late);
  } finally {
    await client.close();
  }
}

/** One point of each series is written; then the gateway is killed and started again, and again. */
async function restarted(
  directory: string,
  config: string,
  client: LoadClient,
  series: number,
  restarts: number,
): Promise<Restarts> {
  const gateway = await startGateway(directory, config);
  try {
    await client.run({
      port: gateway.process.mqttPort,
      connections: CONNECTIONS,
      messages: series,
      qos: 1,
      window: 100,
      readings: { kind: 'climate', devices: series / CONNECTIONS },
    });
    await gateway.settled();
    const hasWindows = config.includes('windows:');
    const readyMs: number[] = [];
    const rssBytes: number[] = [];
    const notedBytes: number[] = [];
    for (let nth = 0; nth < restarts; nth++) {
      readyMs.push(await timeOfRestart(gateway));
      rssBytes.push(peakRssBytes(gateway.process.pid));
      if (hasWindows) notedBytes.push((await windowsOf(gateway)).memoryBytes);
    }
    return {
      readyMs: spreadOf(readyMs),
      peakRssBytes: spreadOf(rssBytes),
      ...(hasWindows && { notedBytes: spreadOf(notedBytes) }),
    };
  } finally {
    await gateway.remove();
  }
}

/** Until it takes packets and everything that was buffered is in the store, ms. */
async function timeOfRestart(gateway: RunningGateway): Promise<number> {
  await gateway.process.kill();
  const startedMs = performance.now();
  await gateway.process.start();
  await gateway.settled();
  return performance.now() - startedMs;
}

interface Reopened {
  readonly openMs: Spread;
  readonly notedBytes: number;
}

/** Each series has changed a window of the past: the windows alone, without a gateway. */
async function reopenedWithLateGroups(
  directory: string,
  series: number,
  restarts: number,
): Promise<Reopened> {
  const folder = await mkdtemp(join(directory, 'sluice-bench-late-'));
  try {
    const windows = Math.ceil(series / GROUPS_PER_WINDOW);
    const points = climatePoints(series, (nth) => DAY_MS + (nth % windows) * CLIMATE.sizeMs);
    let open = await openIdleWindows(folder, '0');
    await open.around(INSTANT_SINK).write(points, new AbortController().signal);
    const openMs: number[] = [];
    for (let nth = 0; nth < restarts; nth++) {
      await open.close();
      const startedMs = performance.now();
      open = await openIdleWindows(folder, '0');
      openMs.push(performance.now() - startedMs);
    }
    const notedBytes = open.report().memoryBytes;
    await open.close();
    return { openMs: spreadOf(openMs), notedBytes };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function reportOf(
  series: number,
  restarts: number,
  without: Restarts,
  having: Restarts,
  late: Reopened,
): PartReport {
  const scaled = (spread: Spread, by: number) => spreadOf(spread.all.map((one) => one / by));
  const row = (name: string, figure: (of: Restarts) => string) => [name, figure(without), figure(having)];
  return {
    title: `windows-restart: a gateway with ${series.toLocaleString('en-US')} series in DuckDB is killed and started again`,
    notes: [
      `${restarts} times with SIGKILL, with the windows of all series open: 1h and 1d, five fields; until it takes packets and nothing is buffered`,
      'Late: the journal of windows alone, with a changed group of a closed window for each series, read at a start',
    ],
    heads: ['what', 'without windows', 'with windows'],
    rows: [
      row('seconds of a restart', ({ readyMs }) => spreadText(scaled(readyMs, 1_000), 2)),
      row('peak RSS of the gateway, MB', (of) => spreadText(scaled(of.peakRssBytes, 1e6))),
      row('noted of windows, KB', ({ notedBytes }) =>
        notedBytes === undefined ? '0' : spreadText(scaled(notedBytes, 1e3), 1),
      ),
      ['late: seconds to open', '0', spreadText(scaled(late.openMs, 1_000), 2)],
      ['late: noted, MB', '0', spreadText(spreadOf([late.notedBytes / 1e6]), 1)],
    ],
    figures: { series, restarts, without, with: having, late },
  };
}
