import { type BenchOptions, sizeOf } from '../options.js';
import { cpuUsageOf } from '../processes/process-usage.js';
import { percentile } from '../report/percentile.js';
import { numberText, type Spread, spreadOf, spreadText } from '../report/spread.js';
import type { PartReport } from '../report/table.js';
import { ConnectClients } from './connect-clients.js';
import { type HoldingServer, startMosquittoServer, startSluice } from './holding-server.js';

/** One process of clients: two would take both cores of a small machine from what is measured. */
const PROCESSES = 1;
const WARM_UP = 200;
/** For what the end of so many connections leaves behind; it is nothing of the next storm. */
const REST_MS = 1_000;

interface Run {
  readonly seconds: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Of a connection. */
  readonly cpuMs: number;
  readonly failures: Readonly<Record<string, number>>;
  readonly retries: number;
}

interface ServerFigures {
  readonly title: string;
  readonly runs: Run[];
}

/** Clients that all connect at once: the time until the last one has its CONNACK, beside Mosquitto. */
export async function storm(options: BenchOptions): Promise<PartReport> {
  const { messages: count, repeat } = sizeOf(options, 5_000, 300);
  const clients = new ConnectClients(PROCESSES);
  const servers: HoldingServer[] = [];
  try {
    servers.push(await startSluice(options.directory, count));
    const mosquitto = await startMosquittoServer();
    if (mosquitto !== undefined) servers.push(mosquitto);
    const figures = servers.map(({ title }): ServerFigures => ({ title, runs: [] }));
    for (const server of servers) await measure(server, clients, Math.min(WARM_UP, count));
    for (let round = 0; round < repeat; round += 1) {
      // Who comes first changes from round to round: a machine that slows down slows all.
      const inTurn = [...servers.entries()];
      if (round % 2 === 1) inTurn.reverse();
      for (const [at, server] of inTurn) figures[at]!.runs.push(await measure(server, clients, count));
    }
    return report(figures, await refusalNotes(servers), count, repeat);
  } finally {
    for (const server of servers) await server.stop();
    await clients.close();
  }
}

async function measure(server: HoldingServer, clients: ConnectClients, count: number): Promise<Run> {
  const before = cpuUsageOf(server.pid).totalSeconds;
  const outcome = await clients.connect({ port: server.port, connections: count, atOnce: count });
  const cpuSeconds = cpuUsageOf(server.pid).totalSeconds - before;
  await clients.disconnect();
  await new Promise((resolve) => setTimeout(resolve, REST_MS));
  return {
    seconds: outcome.durationMs / 1000,
    p50Ms: percentile(outcome.latenciesMs, 0.5),
    p99Ms: percentile(outcome.latenciesMs, 0.99),
    cpuMs: (cpuSeconds * 1000) / count,
    failures: outcome.failures,
    retries: outcome.retries,
  };
}

/** Why a broker has closed connections, as far as it tells. */
async function refusalNotes(servers: readonly HoldingServer[]): Promise<string[]> {
  const notes: string[] = [];
  for (const { title, refusals } of servers) {
    for (const [reason, count] of Object.entries((await refusals?.()) ?? {})) {
      notes.push(`${title} refused ${numberText(count)} times: ${reason}`);
    }
  }
  return notes;
}

function report(
  figures: readonly ServerFigures[],
  refusals: readonly string[],
  count: number,
  repeat: number,
): PartReport {
  const text = (runs: readonly Run[], of: (run: Run) => number, digits = 0) =>
    spreadText(spreadOf(runs.map(of)), digits);
  const [sluice, mosquitto] = figures;
  const ratio: Spread | undefined =
    sluice === undefined || mosquitto === undefined
      ? undefined
      : spreadOf(sluice.runs.map(({ seconds }, round) => seconds / mosquitto.runs[round]!.seconds));
  return {
    title: 'storm: clients that all connect at once',
    notes: [
      `${numberText(count)} clients over TCP from one process and one address, ${repeat} run(s) a figure; each sends CONNECT at once,`,
      '  and one whose connection ends before its CONNACK tries again 200 ms later',
      'Seconds run from the first connection to the last CONNACK. Failed: connections that ended before their CONNACK.',
      ...(ratio === undefined
        ? ['Mosquitto is not installed: nothing to compare with.']
        : [`Sluice takes ${spreadText(ratio, 2)} times as long as Mosquitto in the same round.`]),
      ...refusals,
    ],
    heads: ['broker', 's', 'p50 ms', 'p99 ms', 'CPU ms a connection', 'failed', 'retries'],
    rows: figures.map(({ title, runs }) => [
      title,
      text(runs, ({ seconds }) => seconds, 2),
      text(runs, ({ p50Ms }) => p50Ms),
      text(runs, ({ p99Ms }) => p99Ms),
      text(runs, ({ cpuMs }) => cpuMs, 2),
      failuresText(runs),
      numberText(runs.reduce((sum, { retries }) => sum + retries, 0)),
    ]),
    figures: { connections: count, repeat, servers: figures, ...(ratio !== undefined && { ratio }) },
  };
}

/** Of all runs, by what the system said; `0` when none failed. */
function failuresText(runs: readonly Run[]): string {
  const all = new Map<string, number>();
  for (const { failures } of runs) {
    for (const [reason, count] of Object.entries(failures)) all.set(reason, (all.get(reason) ?? 0) + count);
  }
  if (all.size === 0) return '0';
  return [...all].map(([reason, count]) => `${numberText(count)} ${reason}`).join(', ');
}
