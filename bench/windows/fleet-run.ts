import type { WindowsReport } from '../../src/windows/windows-report.js';
import type { Store } from '../e2e/store.js';
import { climateRule } from '../processes/climate-reading.js';
import { type RunningGateway, startGateway } from '../processes/gateway.js';
import type { LoadClient } from '../processes/load-client.js';
import { cpuUsageOf, peakRssBytes } from '../processes/process-usage.js';
import { BusyTimes, type SplitLatencies } from './busy-times.js';
import { computedWindows, windowsOf } from './computed-windows.js';
import { COUNT_FIELD, rowsOf, windowConfig } from './window-config.js';

const CONNECTIONS = 50;
/** Never full at that pace: a message is sent when it is due, so that its latency is that of the gateway. */
const WINDOW = 5_000;

export interface Fleet {
  readonly series: number;
  /** Each series has one every second. */
  readonly pointsPerSecond: number;
  /** From the finest to the coarsest, as in the configuration. */
  readonly resolutions: readonly string[];
  readonly windowMs: number;
  readonly windows: number;
}

/** What runs at a pace cost, with windows or without. */
export interface FleetLoad {
  readonly gatewayCores: number;
  readonly storeCores: number;
  readonly p99Ms: number;
  readonly gatewayPeakRssBytes: number;
  readonly storePeakRssBytes: number;
}

export interface FleetRun extends FleetLoad, SplitLatencies {
  readonly report: WindowsReport;
}

/** One window's length of load without windows, to compare with. */
export function runWithoutWindows(
  directory: string,
  store: Store,
  client: LoadClient,
  fleet: Fleet,
): Promise<FleetLoad> {
  return withGateway(directory, `${store.sink}\n${climateRule()}`, async (gateway) => {
    const load = await loaded(gateway, store, client, fleet, 1);
    await gateway.settled();
    return load.costs;
  });
}

/** As many windows as the fleet says. Throws when their rows do not count every point once. */
export function runWithWindows(
  directory: string,
  store: Store,
  client: LoadClient,
  fleet: Fleet,
): Promise<FleetRun> {
  const config = `${store.sink}\n${windowConfig(fleet.resolutions, '1s')}`;
  return withGateway(directory, config, async (gateway) => {
    await windowsOf(gateway);
    const busy = new BusyTimes(gateway);
    busy.start();
    const { costs, samples, points } = await loaded(gateway, store, client, fleet, fleet.windows);
    busy.stop();
    await gateway.settled();
    const report = await computedWindows(gateway, points, fleet.windowMs);
    await gateway.stop();
    const counted = await store.sum?.(gateway, rowsOf(fleet.resolutions[0]!), COUNT_FIELD);
    if (counted !== points) {
      throw new Error(`${points} points were written, but the windows of ${store.name} count ${counted}`);
    }
    return { ...costs, ...busy.split(samples), report };
  });
}

async function withGateway<T>(
  directory: string,
  config: string,
  run: (gateway: RunningGateway) => Promise<T>,
): Promise<T> {
  const gateway = await startGateway(directory, config);
  try {
    return await run(gateway);
  } finally {
    await gateway.remove();
  }
}

async function loaded(
  gateway: RunningGateway,
  store: Store,
  client: LoadClient,
  { series, pointsPerSecond, windowMs }: Fleet,
  windows: number,
) {
  const { pid, mqttPort } = gateway.process;
  const secondsOf = () => [pid, store.pid].map((of) => (of === undefined ? 0 : cpuUsageOf(of).totalSeconds));
  const before = secondsOf();
  const messages = (pointsPerSecond * windowMs * windows) / 1_000;
  const load = await client.run({
    port: mqttPort,
    connections: CONNECTIONS,
    messages,
    qos: 1,
    window: WINDOW,
    readings: { kind: 'climate', devices: series / CONNECTIONS },
    messagesPerSecond: pointsPerSecond,
  });
  const cores = secondsOf().map((seconds, at) => (seconds - before[at]!) / (load.durationMs / 1_000));
  const costs: FleetLoad = {
    gatewayCores: cores[0]!,
    storeCores: cores[1]!,
    p99Ms: load.p99Ms,
    gatewayPeakRssBytes: peakRssBytes(pid),
    storePeakRssBytes: store.pid === undefined ? 0 : peakRssBytes(store.pid),
  };
  return { costs, samples: load.samples!, points: messages };
}
