import { type BenchOptions, sizeOf } from '../options.js';
import { LoadClient } from '../processes/load-client.js';
import { type Spread, spreadOf } from '../report/spread.js';
import { ackAccessReport } from './ack-access-report.js';
import { type AckRun, ackRun, type Cell } from './ack-run.js';
import { type Broker, startSluiceBroker, startSluiceWithUsers } from './broker.js';

const CELLS: readonly Cell[] = [
  { qos: 0, connections: 20, window: 100 },
  { qos: 1, connections: 1, window: 500 },
  { qos: 1, connections: 20, window: 100 },
  { qos: 1, connections: 200, window: 20 },
  { qos: 2, connections: 20, window: 100 },
];
const WARM_UP: Cell = { qos: 1, connections: 20, window: 100 };
const WARM_UP_MESSAGES = 50_000;

export interface AccessFigures extends Cell {
  readonly open: readonly AckRun[];
  readonly withUsers: readonly AckRun[];
  /** Messages a second with users over those without, round by round. */
  readonly ratio: Spread;
}

/** Acknowledgements a second with users and permissions beside those without, on the same client, in turns. */
export async function ackAccess(options: BenchOptions) {
  const size = sizeOf(options, 500_000, 8_000);
  const client = new LoadClient();
  const started: Broker[] = [];
  try {
    started.push(await startSluiceBroker(options.directory));
    started.push(await startSluiceWithUsers(options.directory));
    const [open, withUsers] = started as [Broker, Broker];
    for (const broker of started) {
      await ackRun(broker, client, WARM_UP, Math.min(size.messages, WARM_UP_MESSAGES));
    }
    const cells = options.isQuick ? CELLS.filter(({ connections }) => connections === 20) : CELLS;
    const figures: AccessFigures[] = [];
    for (const cell of cells) figures.push(await measureCell(cell, { open, withUsers }, client, size));
    return ackAccessReport(figures, size);
  } finally {
    for (const broker of started) await broker.stop();
    await client.close();
  }
}

async function measureCell(
  cell: Cell,
  { open, withUsers }: { readonly open: Broker; readonly withUsers: Broker },
  client: LoadClient,
  { messages, repeat }: { readonly messages: number; readonly repeat: number },
): Promise<AccessFigures> {
  const runs: { readonly open: AckRun[]; readonly withUsers: AckRun[] } = { open: [], withUsers: [] };
  for (let round = 0; round < repeat; round += 1) {
    const measure = {
      open: async () => runs.open.push(await ackRun(open, client, cell, messages)),
      withUsers: async () => runs.withUsers.push(await ackRun(withUsers, client, cell, messages)),
    };
    // Who comes first changes from round to round: a machine that slows down slows both.
    const order = round % 2 === 0 ? (['open', 'withUsers'] as const) : (['withUsers', 'open'] as const);
    for (const which of order) await measure[which]();
  }
  const ratio = spreadOf(
    runs.withUsers.map(({ perSecond }, round) => perSecond / runs.open[round]!.perSecond),
  );
  return { ...cell, ...runs, ratio };
}
