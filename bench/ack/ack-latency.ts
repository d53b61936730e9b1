import { type BenchOptions, sizeOf } from '../options.js';
import { LoadClient } from '../processes/load-client.js';
import { evenMessages } from '../processes/load-job.js';
import { cpuUsageOf } from '../processes/process-usage.js';
import { numberText, spreadOf, spreadText } from '../report/spread.js';
import type { PartReport } from '../report/table.js';
import { type Broker, type BrokerName, startMosquittoBrokers, startSluiceBroker } from './broker.js';

const CLIENTS = 1_000;
const MESSAGES_PER_SECOND = 1_000;
const WARM_UP_MESSAGES = 5_000;

interface Run {
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Share of one core. */
  readonly cores: number;
}

interface BrokerFigures {
  readonly broker: BrokerName;
  readonly runs: Run[];
}

/** The time to PUBACK of many clients with little to send, each on its own connection, beside Mosquitto. */
export async function ackLatency(options: BenchOptions): Promise<PartReport> {
  const size = sizeOf(options, 20_000, 1_000);
  const messages = evenMessages(size.messages, CLIENTS);
  const client = new LoadClient();
  const brokers: Broker[] = [];
  try {
    brokers.push(await startSluiceBroker(options.directory));
    brokers.push(...(await startMosquittoBrokers()));
    const figures = brokers.map(({ name }): BrokerFigures => ({ broker: name, runs: [] }));
    for (const broker of brokers) await latencyOf(broker, client, Math.min(messages, WARM_UP_MESSAGES));
    for (let round = 0; round < size.repeat; round += 1) {
      for (const [at, broker] of brokers.entries()) {
        figures[at]!.runs.push(await latencyOf(broker, client, messages));
        await broker.atRest();
      }
    }
    return report(figures, messages, size.repeat);
  } finally {
    for (const broker of brokers) await broker.stop();
    await client.close();
  }
}

async function latencyOf(broker: Broker, client: LoadClient, messages: number): Promise<Run> {
  const before = cpuUsageOf(broker.pid).totalSeconds;
  const { p50Ms, p99Ms, durationMs } = await client.run({
    port: broker.port,
    connections: CLIENTS,
    messages,
    qos: 1,
    window: 20,
    messagesPerSecond: MESSAGES_PER_SECOND,
    readings: { kind: 'city', baseMs: Date.now() },
  });
  const cpuSeconds = cpuUsageOf(broker.pid).totalSeconds - before;
  return { p50Ms, p99Ms, cores: (cpuSeconds * 1000) / durationMs };
}

function report(figures: readonly BrokerFigures[], messages: number, repeat: number): PartReport {
  const text = (runs: readonly Run[], of: (run: Run) => number, digits: number) =>
    spreadText(spreadOf(runs.map(of)), digits);
  return {
    title: 'ack-latency: time to PUBACK of clients with little to send',
    notes: [
      `${numberText(CLIENTS)} clients publish one message a second at QoS 1 each, ${numberText(messages)} messages a run, ${repeat} run(s) a figure`,
      'Sluice: acknowledged means on disk (fdatasync); its rule filters every record. Mosquitto: in memory.',
      'Cores: CPU of the broker a second of the run; that of the connections is in it.',
    ],
    heads: ['broker', 'p50 ms', 'p99 ms', 'cores'],
    rows: figures.map(({ broker, runs }) => [
      broker,
      text(runs, (run) => run.p50Ms, 1),
      text(runs, (run) => run.p99Ms, 1),
      text(runs, (run) => run.cores, 2),
    ]),
    figures: { messages, repeat, brokers: figures },
  };
}
