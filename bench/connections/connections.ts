import { type BenchOptions, sizeOf } from '../options.js';
import { cpuUsageOf } from '../processes/process-usage.js';
import { numberText, type Spread, spreadOf, spreadText } from '../report/spread.js';
import type { PartReport } from '../report/table.js';
import { ConnectClients } from './connect-clients.js';
import { type HoldingServer, startMosquittoServer, startNodeServer, startSluice } from './holding-server.js';
import { settledMemory } from './inspected-memory.js';

const PROCESSES = 4;
/** Of each process: few enough that no queue is full, so that the CPU is that of connecting. */
const AT_ONCE = 16;
/** Connected once before, so that what the first connections load and compile is not counted. */
const WARM_UP = 500;

interface Run {
  /** After a collection of garbage. */
  readonly rssBytes: number;
  /** Without one. */
  readonly standingBytes: number;
  /** Undefined for programs that are not Node. */
  readonly heapBytes: number | undefined;
  readonly cpuMs: number;
}

interface ServerFigures {
  readonly title: string;
  /** Of one connection. */
  readonly runs: Run[];
}

type StartServer = () => Promise<HoldingServer | undefined>;

/** Memory of an idle connection and CPU of a new one, beside Mosquitto, plain aedes, and a server that only holds sockets. */
export async function connections(options: BenchOptions): Promise<PartReport> {
  const { messages: count, repeat } = sizeOf(options, 10_000, 400);
  const starts: readonly StartServer[] = [
    () => startSluice(options.directory, count, true),
    startMosquittoServer,
    () => startNodeServer('aedes', 'aedes 1.2.0 alone'),
    () => startNodeServer('bare', 'sockets of Node alone'),
  ];
  const clients = new ConnectClients(PROCESSES);
  const figures: ServerFigures[] = [];
  try {
    for (let round = 0; round < repeat; round += 1) {
      for (const start of starts) await measureOne(start, clients, count, figures);
    }
  } finally {
    await clients.close();
  }
  return report(figures, count, repeat);
}

/** A server of its own for every run: what one has allocated before would hold the connections of the next. */
async function measureOne(
  start: StartServer,
  clients: ConnectClients,
  count: number,
  figures: ServerFigures[],
): Promise<void> {
  const server = await start();
  if (server === undefined) return;
  try {
    const run = await measure(server, clients, count);
    const known = figures.find(({ title }) => title === server.title);
    if (known === undefined) figures.push({ title: server.title, runs: [run] });
    else known.runs.push(run);
  } finally {
    await server.stop();
  }
}

async function measure(server: HoldingServer, clients: ConnectClients, count: number): Promise<Run> {
  const { port, pid } = server;
  await clients.connect({ port, connections: Math.min(WARM_UP, count), atOnce: AT_ONCE });
  await clients.disconnect();
  const before = await settledMemory(pid, server.output());
  const cpuBefore = cpuUsageOf(pid).totalSeconds;
  await clients.connect({ port, connections: count, atOnce: AT_ONCE });
  const cpuSeconds = cpuUsageOf(pid).totalSeconds - cpuBefore;
  const after = await settledMemory(pid, server.output());
  await clients.disconnect();
  const isNode = before.heapBytes !== undefined && after.heapBytes !== undefined;
  return {
    rssBytes: (after.rssBytes - before.rssBytes) / count,
    standingBytes: (after.standingBytes - before.rssBytes) / count,
    heapBytes: isNode ? (after.heapBytes! - before.heapBytes!) / count : undefined,
    cpuMs: (cpuSeconds * 1000) / count,
  };
}

function report(figures: readonly ServerFigures[], count: number, repeat: number): PartReport {
  const spread = (runs: readonly Run[], of: (run: Run) => number): Spread => spreadOf(runs.map(of));
  const hasMosquitto = figures.some(({ title }) => title === 'Mosquitto');
  return {
    title: 'connections: memory of an idle connection, and CPU of a new one',
    notes: [
      `${numberText(count)} clients over TCP, clean session, keep alive 60 s, from ${PROCESSES} processes; ${repeat} run(s) a figure, each with a server of its own`,
      `KiB a connection: resident memory after a collection of all garbage, less that before; ${numberText(WARM_UP)} clients had come and gone by then.`,
      'Heap: the part that objects of JavaScript have, those of sockets and streams included. The rest is memory that Node',
      '  itself allocates, and pages that are not full. The kernel has the buffers of the sockets, which are not counted.',
      'Uncollected: resident memory right after the last CONNACK, with the garbage of connecting.',
      'CPU: of the whole process, from the connection to the CONNACK.',
      ...(hasMosquitto ? [] : ['Mosquitto is not installed: nothing to compare with.']),
    ],
    heads: ['server', 'KiB a connection', 'of it heap', 'rest', 'uncollected KiB', 'CPU ms a connection'],
    rows: figures.map(({ title, runs }) => {
      const isNode = runs.every(({ heapBytes }) => heapBytes !== undefined);
      return [
        title,
        spreadText(
          spread(runs, ({ rssBytes }) => rssBytes / 1024),
          1,
        ),
        isNode
          ? spreadText(
              spread(runs, ({ heapBytes }) => heapBytes! / 1024),
              1,
            )
          : '-',
        isNode
          ? spreadText(
              spread(runs, ({ rssBytes, heapBytes }) => (rssBytes - heapBytes!) / 1024),
              1,
            )
          : '-',
        spreadText(
          spread(runs, ({ standingBytes }) => standingBytes / 1024),
          1,
        ),
        spreadText(
          spread(runs, ({ cpuMs }) => cpuMs),
          2,
        ),
      ];
    }),
    figures: { connections: count, repeat, servers: figures },
  };
}
