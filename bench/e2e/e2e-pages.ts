import { type BenchOptions, sizeOf } from '../options.js';
import { climateRule } from '../processes/climate-reading.js';
import { LoadClient } from '../processes/load-client.js';
import { evenMessages } from '../processes/load-job.js';
import { ratioRow } from '../report/ratio-row.js';
import { numberText, spreadOf, spreadText } from '../report/spread.js';
import type { PartReport } from '../report/table.js';
import { duckdbStore } from './duckdb-store.js';
import { needDuckdb } from './e2e-duckdb.js';
import { CONNECTIONS, type E2eRun, e2eRun, WINDOW, type Workload } from './e2e-run.js';
import { openPages } from './open-pages.js';

const PAGES = 5;

interface Pair {
  readonly without: E2eRun;
  readonly with: E2eRun;
  readonly answers: number;
}

/** MQTT to DuckDB, alternately without and with five open pages: what they ask, without a browser. */
export async function e2eDuckdbPages(options: BenchOptions): Promise<PartReport> {
  await needDuckdb();
  const { messages, repeat } = sizeOf(options, 1_000_000, 60_000);
  const each = evenMessages(messages, CONNECTIONS);
  const client = new LoadClient();
  const pairs: Pair[] = [];
  const workload: Workload = {
    config: climateRule(),
    readings: () => ({ kind: 'climate', devices: 1 }),
  };
  const run = (change: Partial<Workload>) =>
    e2eRun(options.directory, duckdbStore(), client, each, { ...workload, ...change });
  try {
    for (let round = 0; round < repeat; round += 1) {
      const without = await run({});
      let pages: ReturnType<typeof openPages> | undefined;
      let answers = 0;
      const having = await run({
        onStarted: (gateway) => {
          pages = openPages(gateway.process.httpUrl, PAGES);
        },
        onWritten: async () => {
          answers = (await pages?.close()) ?? 0;
        },
      });
      pairs.push({ without, with: having, answers });
    }
  } finally {
    await client.close();
  }
  return reportOf(pairs, each, repeat);
}

function reportOf(pairs: readonly Pair[], messages: number, repeat: number): PartReport {
  const row = (name: string, figure: (run: E2eRun) => number, digits = 0) =>
    ratioRow(
      name,
      pairs.map((pair) => figure(pair.without)),
      pairs.map((pair) => figure(pair.with)),
      digits,
    );
  return {
    title: `e2e-duckdb-pages: MQTT to DuckDB, with ${PAGES} open pages`,
    notes: [
      `${numberText(messages)} messages of about 120 bytes with five fields, QoS 1, ${CONNECTIONS} connections with a device each,`,
      `  ${WINDOW} unacknowledged a connection; ${repeat} run(s) of each, alternately, each with a new gateway and a new store`,
      `A page reads the streams of states and of arrivals, a chart by city every 2 s, what needs a look and the table of devices every 5 s; ${spreadText(spreadOf(pairs.map(({ answers }) => answers)))} answers a run`,
    ],
    heads: ['what', 'without', `with ${PAGES} pages`, 'ratio'],
    rows: [
      row('end to end, msg/s', (run) => run.perSecond),
      row('acknowledged, msg/s', (run) => run.acknowledgedPerSecond),
      row('acknowledge latency p50, ms', (run) => run.p50Ms, 1),
      row('acknowledge latency p99, ms', (run) => run.p99Ms, 1),
      row('gateway peak RSS, MB', (run) => run.gatewayPeakRssBytes / 1e6),
      row('gateway CPU, s', (run) => run.gatewayCpu.totalSeconds, 2),
    ],
    figures: { messages, repeat, pages: PAGES, pairs },
  };
}
