import { setTimeout as sleep } from 'node:timers/promises';
import { type Broker, type BrokerName, startMosquittoBrokers, startSluiceBroker } from '../ack/broker.js';
import { type BenchOptions, sizeOf } from '../options.js';
import { LoadClient } from '../processes/load-client.js';
import { evenMessages } from '../processes/load-job.js';
import { numberText, spreadOf, spreadText } from '../report/spread.js';
import type { PartReport } from '../report/table.js';

const NEIGHBOURS = 20;
const NEIGHBOUR_MESSAGES_PER_SECOND = 400;
const FLOOD_MESSAGES_PER_SECOND = 67_000;
/** The flood stands before the neighbours are measured. */
const FLOOD_FIRST_MS = 1_000;

interface Latency {
  readonly p50Ms: number;
  readonly p99Ms: number;
}

interface BrokerFigures {
  readonly broker: BrokerName;
  readonly quiet: Latency[];
  readonly flooded: Latency[];
}

/** What a client that floods costs the others: the time to PUBACK of quiet neighbours, without and with it. */
export async function fairShares(options: BenchOptions): Promise<PartReport> {
  const size = sizeOf(options, 4_000, 400);
  const messages = evenMessages(size.messages, NEIGHBOURS);
  const neighbours = new LoadClient();
  const brokers: Broker[] = [];
  try {
    brokers.push(await startSluiceBroker(options.directory));
    brokers.push(...(await startMosquittoBrokers()));
    const figures = brokers.map(({ name }): BrokerFigures => ({ broker: name, quiet: [], flooded: [] }));
    for (const broker of brokers) await latencyOf(broker, neighbours, messages);
    for (let round = 0; round < size.repeat; round += 1) {
      for (const [at, broker] of brokers.entries()) {
        figures[at]!.quiet.push(await latencyOf(broker, neighbours, messages));
        figures[at]!.flooded.push(await besideFlood(broker, () => latencyOf(broker, neighbours, messages)));
        await broker.atRest();
      }
    }
    return report(figures, messages, size.repeat);
  } finally {
    for (const broker of brokers) await broker.stop();
    await neighbours.close();
  }
}

async function latencyOf(broker: Broker, client: LoadClient, messages: number): Promise<Latency> {
  const { p50Ms, p99Ms } = await client.run({
    port: broker.port,
    connections: NEIGHBOURS,
    messages,
    qos: 1,
    window: 20,
    clientIds: 'neighbour',
    messagesPerSecond: NEIGHBOUR_MESSAGES_PER_SECOND,
    readings: { kind: 'city', baseMs: Date.now() },
  });
  return { p50Ms, p99Ms };
}

/** The flood ends with its process: nobody waits for its end. */
async function besideFlood<T>(broker: Broker, measure: () => Promise<T>): Promise<T> {
  const client = new LoadClient();
  const flood = client.run({
    port: broker.port,
    connections: 1,
    messages: 100_000_000,
    qos: 0,
    window: 100,
    clientIds: 'flood',
    messagesPerSecond: FLOOD_MESSAGES_PER_SECOND,
    readings: { kind: 'city', baseMs: Date.now() },
  });
  const ended = flood.catch(() => undefined);
  try {
    await sleep(FLOOD_FIRST_MS);
    return await measure();
  } finally {
    await client.close();
    await ended;
  }
}

function report(figures: readonly BrokerFigures[], messages: number, repeat: number): PartReport {
  const text = (runs: readonly Latency[], of: (run: Latency) => number) =>
    spreadText(spreadOf(runs.map(of)), 1);
  return {
    title: 'fair-shares: time to PUBACK of quiet clients beside one that floods',
    notes: [
      `${NEIGHBOURS} clients publish ${NEIGHBOUR_MESSAGES_PER_SECOND} messages/s at QoS 1 together, ${numberText(messages)} a run, ${repeat} run(s) a figure;`,
      `  the flood is one client that offers ${numberText(FLOOD_MESSAGES_PER_SECOND)} messages/s at QoS 0, from a process of its own`,
      'Sluice: acknowledged means on disk (fdatasync); its rule filters every record. Mosquitto: in memory.',
    ],
    heads: ['broker', 'p50 ms alone', 'p50 ms beside it', 'p99 ms alone', 'p99 ms beside it'],
    rows: figures.map(({ broker, quiet, flooded }) => [
      broker,
      text(quiet, (run) => run.p50Ms),
      text(flooded, (run) => run.p50Ms),
      text(quiet, (run) => run.p99Ms),
      text(flooded, (run) => run.p99Ms),
    ]),
    figures: { messages, repeat, brokers: figures },
  };
}
