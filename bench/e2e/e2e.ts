import { type BenchOptions, sizeOf } from '../options.js';
import { cityRule } from '../processes/city-reading.js';
import { LoadClient } from '../processes/load-client.js';
import { evenMessages } from '../processes/load-job.js';
import { numberText, spreadOf, spreadText } from '../report/spread.js';
import type { PartReport } from '../report/table.js';
import { CONNECTIONS, type E2eRun, e2eRun, WINDOW, type Workload } from './e2e-run.js';
import type { Store } from './store.js';

const HOUR_MS = 3_600_000;

/** Two fields, and a time behind the wall clock all along, so that no reading is from the future. */
const CITY: Workload = {
  config: cityRule(),
  readings: () => ({ kind: 'city', baseMs: Date.now() - HOUR_MS }),
};

/** MQTT to the store, each run with a new gateway and a new store. */
export async function e2e(
  options: BenchOptions,
  title: string,
  newStore: () => Store | Promise<Store>,
): Promise<PartReport> {
  const { messages, repeat } = sizeOf(options, 400_000, 60_000);
  const each = evenMessages(messages, CONNECTIONS);
  const client = new LoadClient();
  const runs: E2eRun[] = [];
  let isCounted = false;
  try {
    for (let round = 0; round < repeat; round += 1) {
      const store = await newStore();
      isCounted = store.count !== undefined;
      try {
        runs.push(await e2eRun(options.directory, store, client, each, CITY));
      } finally {
        await store.stop();
      }
    }
  } finally {
    await client.close();
  }
  return reportOf(title, runs, each, repeat, isCounted);
}

function reportOf(
  title: string,
  runs: readonly E2eRun[],
  messages: number,
  repeat: number,
  isCounted: boolean,
): PartReport {
  const row = (name: string, figure: (run: E2eRun) => number, digits = 0) => [
    name,
    spreadText(spreadOf(runs.map(figure)), digits),
  ];
  return {
    title,
    notes: [
      `${numberText(messages)} messages of about 100 bytes, QoS 1, ${CONNECTIONS} connections with a device each,`,
      `  ${WINDOW} unacknowledged a connection; ${repeat} run(s), each with a new gateway and a new store`,
      'The clock runs from the first message, all connections standing, until the ledger says that all is written',
      ...(isCounted ? ['  then the store was asked and held exactly as many points.'] : []),
    ],
    heads: ['what', 'median (min..max)'],
    rows: [
      row('end to end, msg/s', (run) => run.perSecond),
      row('acknowledged, msg/s', (run) => run.acknowledgedPerSecond),
      row('acknowledge latency p50, ms', (run) => run.p50Ms, 1),
      row('acknowledge latency p99, ms', (run) => run.p99Ms, 1),
      row('seconds', (run) => run.totalMs / 1000, 2),
      row('gateway peak RSS, MB', (run) => run.gatewayPeakRssBytes / 1e6, 0),
      row('gateway CPU, s', (run) => run.gatewayCpu.totalSeconds, 2),
      row('  main thread (broker, log)', (run) => run.gatewayCpu.mainThreadSeconds, 2),
      row('  busiest other (consumer, sink)', (run) => run.gatewayCpu.busiestOtherSeconds, 2),
      ...(runs.some((run) => run.storeCpuSeconds > 0)
        ? [row('store CPU, s', (run) => run.storeCpuSeconds, 2)]
        : []),
      row('client CPU, s', (run) => run.clientCpuSeconds, 2),
    ],
    figures: { messages, repeat, runs },
  };
}
