import { type BenchOptions, sizeOf } from '../options.js';
import { LoadClient } from '../processes/load-client.js';
import { type Spread, spreadOf } from '../report/spread.js';
import type { PartReport } from '../report/table.js';
import { ackReport } from './ack-report.js';
import { type AckRun, ackRun, type Cell } from './ack-run.js';
import {
  type Broker,
  type BrokerName,
  startMosquittoBrokers,
  startOtherSluiceBroker,
  startSluiceBroker,
} from './broker.js';

const WINDOWS = [
  { connections: 1, window: 500 },
  { connections: 20, window: 100 },
  { connections: 200, window: 20 },
] as const;
/** What one client makes at QoS 2 depends on its window more than on anything else: each message has two round trips. */
const QOS_2_WINDOWS: readonly Cell[] = [
  { qos: 2, connections: 1, window: 20 },
  { qos: 2, connections: 1, window: 900 },
];
const CELLS: readonly Cell[] = [
  ...([0, 1, 2] as const).flatMap((qos) => WINDOWS.map((of): Cell => ({ qos, ...of }))),
  ...QOS_2_WINDOWS,
];
const WARM_UP: Cell = { qos: 1, connections: 20, window: 100 };
const WARM_UP_MESSAGES = 50_000;

export interface CellFigures extends Cell {
  readonly runs: Readonly<Partial<Record<BrokerName, readonly AckRun[]>>>;
  /** Sluice over each of the others, round by round. */
  readonly ratios: Readonly<Partial<Record<BrokerName, Spread>>>;
}

/** Acknowledgements a second of the gateway and of Mosquitto, on the same client, in turns. */
export async function ack(options: BenchOptions): Promise<PartReport> {
  const size = sizeOf(options, 100_000, 8_000);
  const client = new LoadClient();
  const brokers: Broker[] = [];
  try {
    brokers.push(await startSluiceBroker(options.directory));
    if (options.against !== undefined)
      brokers.push(await startOtherSluiceBroker(options.directory, options.against));
    brokers.push(...(await startMosquittoBrokers()));
    // For the compilers on both sides; not counted.
    for (const broker of brokers) {
      await ackRun(broker, client, WARM_UP, Math.min(size.messages, WARM_UP_MESSAGES));
    }
    const figures: CellFigures[] = [];
    const cells = options.isQuick ? CELLS.filter(({ connections }) => connections === 20) : CELLS;
    for (const cell of cells) figures.push(await measureCell(cell, brokersFor(cell, brokers), client, size));
    return ackReport(
      figures,
      size,
      brokers.map(({ name }) => name),
    );
  } finally {
    for (const broker of brokers) await broker.stop();
    await client.close();
  }
}

/**
 * Without Mosquitto as shipped where its time is known without a measurement: each window of QoS 2 waits 44 ms twice for the delayed
 * TCP acknowledgement of the client, so that a run with a window of 20 would take a quarter of an hour.
 */
function brokersFor(cell: Cell, brokers: readonly Broker[]): readonly Broker[] {
  return QOS_2_WINDOWS.includes(cell) ? brokers.filter(({ name }) => name !== 'mosquitto') : brokers;
}

async function measureCell(
  cell: Cell,
  brokers: readonly Broker[],
  client: LoadClient,
  { messages, repeat }: { messages: number; repeat: number },
): Promise<CellFigures> {
  const runs: Partial<Record<BrokerName, AckRun[]>> = {};
  for (let round = 0; round < repeat; round += 1) {
    // Who comes first changes from round to round: a machine that slows down slows all.
    const inTurn = round % 2 === 0 ? brokers : [...brokers].reverse();
    for (const broker of inTurn) {
      const run = await ackRun(broker, client, cell, messages);
      runs[broker.name] = [...(runs[broker.name] ?? []), run];
    }
  }
  return { ...cell, runs, ratios: ratiosOf(runs) };
}

function ratiosOf({ sluice = [], ...others }: Partial<Record<BrokerName, readonly AckRun[]>>) {
  const ratios: Partial<Record<BrokerName, Spread>> = {};
  for (const [name, runs] of Object.entries(others)) {
    ratios[name as BrokerName] = spreadOf(
      runs.map(({ perSecond }, round) => sluice[round]!.perSecond / perSecond),
    );
  }
  return ratios;
}
