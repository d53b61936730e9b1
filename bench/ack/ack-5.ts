import { type BenchOptions, sizeOf } from '../options.js';
import { LoadClient } from '../processes/load-client.js';
import { type Spread, spreadOf } from '../report/spread.js';
import type { PartReport } from '../report/table.js';
import { ack5Report } from './ack-5-report.js';
import { type AckRun, ackRun, type Cell } from './ack-run.js';
import { type Broker, startMosquittoForVersion5, startSluiceBroker } from './broker.js';

const CELLS: readonly Cell[] = [
  { qos: 0, connections: 20, window: 100 },
  { qos: 1, connections: 1, window: 500 },
  { qos: 1, connections: 20, window: 100 },
  { qos: 1, connections: 200, window: 20 },
  { qos: 2, connections: 20, window: 100 },
];
const WARM_UP: Cell = { qos: 1, connections: 20, window: 100 };
const WARM_UP_MESSAGES = 50_000;

/** What is compared: the gateway twice, as one process. */
export type Column = 'version4' | 'version5' | 'mosquitto5';

export interface Ack5Figures extends Cell {
  readonly runs: Readonly<Partial<Record<Column, readonly AckRun[]>>>;
  /** Messages a second of the gateway with MQTT 5 over those of the others, round by round. */
  readonly ratios: Readonly<Partial<Record<Exclude<Column, 'version5'>, Spread>>>;
}

/** Acknowledgements a second with MQTT 5, beside MQTT 3.1.1 and beside Mosquitto with MQTT 5, in turns on one client. */
export async function ack5(options: BenchOptions): Promise<PartReport> {
  const size = sizeOf(options, 200_000, 8_000);
  const client = new LoadClient();
  const columns = new Map<Column, Broker>();
  try {
    const sluice = await startSluiceBroker(options.directory);
    columns.set('version4', sluice).set('version5', { ...sluice, version: 5 });
    const mosquitto = await startMosquittoForVersion5();
    if (mosquitto !== undefined) columns.set('mosquitto5', mosquitto);
    for (const broker of columns.values()) {
      await ackRun(broker, client, WARM_UP, Math.min(size.messages, WARM_UP_MESSAGES));
    }
    const cells = options.isQuick ? CELLS.filter(({ connections }) => connections === 20) : CELLS;
    const figures: Ack5Figures[] = [];
    for (const cell of cells) figures.push(await measureCell(cell, columns, client, size));
    return ack5Report(figures, size);
  } finally {
    await columns.get('version4')?.stop();
    await columns.get('mosquitto5')?.stop();
    await client.close();
  }
}

async function measureCell(
  cell: Cell,
  columns: ReadonlyMap<Column, Broker>,
  client: LoadClient,
  { messages, repeat }: { readonly messages: number; readonly repeat: number },
): Promise<Ack5Figures> {
  const runs: Partial<Record<Column, AckRun[]>> = {};
  for (let round = 0; round < repeat; round += 1) {
    // Who comes first changes from round to round: a machine that slows down slows all.
    const inTurn = round % 2 === 0 ? [...columns] : [...columns].reverse();
    for (const [column, broker] of inTurn) {
      const run = await ackRun(broker, client, cell, messages);
      runs[column] = [...(runs[column] ?? []), run];
    }
  }
  return { ...cell, runs, ratios: ratiosOf(runs) };
}

function ratiosOf({ version5 = [], ...others }: Partial<Record<Column, readonly AckRun[]>>) {
  const ratios: Partial<Record<Exclude<Column, 'version5'>, Spread>> = {};
  for (const column of ['version4', 'mosquitto5'] as const) {
    const runs = others[column];
    if (runs === undefined) continue;
    ratios[column] = spreadOf(
      version5.map(({ perSecond }, round) => perSecond / (runs[round]?.perSecond ?? 0)),
    );
  }
  return ratios;
}
