import type { ResolutionReport } from '../../src/windows/windows-report.js';
import { type BenchOptions, sizeOf } from '../options.js';
import { climateRule } from '../processes/climate-reading.js';
import type { RunningGateway } from '../processes/gateway.js';
import { LoadClient } from '../processes/load-client.js';
import { evenMessages } from '../processes/load-job.js';
import { ratioRow } from '../report/ratio-row.js';
import { numberText, spreadOf, spreadText } from '../report/spread.js';
import type { PartReport } from '../report/table.js';
import { computedWindows, finestOf } from '../windows/computed-windows.js';
import { COUNT_FIELD, rowsOf, windowConfig } from '../windows/window-config.js';
import { CONNECTIONS, type E2eRun, e2eRun, WINDOW, type Workload } from './e2e-run.js';
import type { Store } from './store.js';

const RESOLUTIONS = ['10s', '1min', '10min'] as const;
const FINEST_MS = 10_000;

interface Pair {
  readonly without: E2eRun;
  readonly with: E2eRun;
  /** Of the windows of 10 s. */
  readonly finest: ResolutionReport;
}

const WITHOUT: Workload = { config: climateRule(), readings: () => ({ kind: 'climate', devices: 1 }) };

/** MQTT to the store, alternately without windows and with three resolutions of them. */
export async function e2eWindows(
  options: BenchOptions,
  title: string,
  newStore: () => Store | Promise<Store>,
): Promise<PartReport> {
  const { messages, repeat } = sizeOf(options, 2_000_000, 60_000);
  const each = evenMessages(messages, CONNECTIONS);
  const client = new LoadClient();
  const pairs: Pair[] = [];
  try {
    for (let round = 0; round < repeat; round += 1) {
      const without = await withStore(newStore, (store) =>
        e2eRun(options.directory, store, client, each, WITHOUT),
      );
      pairs.push({
        without,
        ...(await withStore(newStore, (store) => runWithWindows(options, store, client, each))),
      });
    }
  } finally {
    await client.close();
  }
  return reportOf(title, pairs, each, repeat);
}

async function withStore<T>(
  newStore: () => Store | Promise<Store>,
  run: (store: Store) => Promise<T>,
): Promise<T> {
  const store = await newStore();
  try {
    return await run(store);
  } finally {
    await store.stop();
  }
}

/** Throws when the rows of the windows do not count every point once. */
async function runWithWindows(
  { directory }: BenchOptions,
  store: Store,
  client: LoadClient,
  messages: number,
): Promise<Omit<Pair, 'without'>> {
  let finest: ResolutionReport | undefined;
  const run = await e2eRun(directory, store, client, messages, {
    ...WITHOUT,
    config: windowConfig(RESOLUTIONS, '1s'),
    onWritten: async (gateway) => {
      finest = finestOf(await computedWindows(gateway, messages, FINEST_MS));
    },
    onStopped: (gateway) => checkCounts(store, gateway, messages),
  });
  return { with: run, finest: finest! };
}

async function checkCounts(store: Store, gateway: RunningGateway, messages: number): Promise<void> {
  const counted = await store.sum?.(gateway, rowsOf(RESOLUTIONS[0]), COUNT_FIELD);
  if (counted !== messages) {
    throw new Error(`${messages} points were written, but the windows of ${store.name} count ${counted}`);
  }
}

function reportOf(title: string, pairs: readonly Pair[], messages: number, repeat: number): PartReport {
  const row = (name: string, figure: (run: E2eRun) => number, digits = 0) =>
    ratioRow(
      name,
      pairs.map((pair) => figure(pair.without)),
      pairs.map((pair) => figure(pair.with)),
      digits,
    );
  const ofWindows = (name: string, figure: (finest: ResolutionReport) => number, digits = 0) => [
    name,
    '',
    spreadText(spreadOf(pairs.map(({ finest }) => figure(finest))), digits),
    '',
  ];
  return {
    title,
    notes: [
      `${numberText(messages)} messages of about 120 bytes with five fields, QoS 1, ${CONNECTIONS} connections with a device each,`,
      `  ${WINDOW} unacknowledged a connection; ${repeat} run(s) of each, alternately, each with a new gateway and a new store`,
      `With windows of ${RESOLUTIONS.join(', ')}: mean, min, max and count of each field; the ratio is with over without`,
      'The clock runs until all is written. Then the last window of 10 s is waited for, and the rows must count every point once.',
    ],
    heads: ['what', 'without', 'with windows', 'ratio'],
    rows: [
      row('end to end, msg/s', (run) => run.perSecond),
      row('acknowledged, msg/s', (run) => run.acknowledgedPerSecond),
      row('acknowledge latency p50, ms', (run) => run.p50Ms, 1),
      row('acknowledge latency p99, ms', (run) => run.p99Ms, 1),
      row('gateway peak RSS, MB', (run) => run.gatewayPeakRssBytes / 1e6),
      row('gateway CPU, s', (run) => run.gatewayCpu.totalSeconds, 2),
      row('  busiest other (consumer, sink, windows)', (run) => run.gatewayCpu.busiestOtherSeconds, 2),
      ...(pairs.some(({ without }) => without.storeCpuSeconds > 0)
        ? [row('store CPU, s', (run) => run.storeCpuSeconds, 2)]
        : []),
      ofWindows('windows of 10 s computed', ({ folds }) => folds),
      ofWindows('  seconds for one', ({ folds, foldMs }) => foldMs / folds / 1000, 2),
      ofWindows('  seconds for the longest', ({ longestFoldMs }) => longestFoldMs / 1000, 2),
    ],
    figures: { messages, repeat, resolutions: RESOLUTIONS, pairs },
  };
}
