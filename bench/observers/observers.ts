import { type AckRun, ackRun, type Cell } from '../ack/ack-run.js';
import { type Broker, type BrokerName, startMosquittoBroker, startSluiceBroker } from '../ack/broker.js';
import { type BenchOptions, sizeOf } from '../options.js';
import { LoadClient } from '../processes/load-client.js';
import type { PartReport } from '../report/table.js';
import { Observer } from './observer.js';
import type { ObserverCounts } from './observer-job.js';
import { observersReport } from './observers-report.js';

const CELLS: readonly Cell[] = [
  { qos: 0, connections: 20, window: 100 },
  { qos: 1, connections: 20, window: 100 },
];
const WARM_UP: Cell = { qos: 1, connections: 20, window: 100 };
const WARM_UP_MESSAGES = 50_000;

/** Who watches. */
export const OBSERVERS = [
  { title: 'one, QoS 0', qos: 0, isStuck: false },
  { title: 'one, QoS 1', qos: 1, isStuck: false },
  { title: 'one stuck, QoS 0', qos: 0, isStuck: true },
  { title: 'one stuck, QoS 1', qos: 1, isStuck: true },
] as const;
export type ObserverKind = (typeof OBSERVERS)[number];

export interface ObservedRun extends AckRun {
  /** Absent without an observer. */
  readonly observed?: ObserverCounts;
}

/** A cell of one broker with one kind of observer, each run beside one without, right before or behind it. */
export interface ObserverFigures {
  readonly broker: BrokerName;
  readonly cell: Cell;
  readonly observer: ObserverKind;
  readonly without: ObservedRun[];
  readonly having: ObservedRun[];
}

/** What a subscriber of everything costs those who publish, beside Mosquitto. */
export async function observers(options: BenchOptions): Promise<PartReport> {
  const size = sizeOf(options, 300_000, 4_000);
  const client = new LoadClient();
  const observer = new Observer();
  const brokers: Broker[] = [];
  try {
    brokers.push(await startSluiceBroker(options.directory));
    const mosquitto = await startMosquittoBroker();
    if (mosquitto !== undefined) brokers.push(mosquitto);
    for (const broker of brokers) {
      const messages = Math.min(size.messages, WARM_UP_MESSAGES);
      await ackRun(broker, client, WARM_UP, messages);
      // What delivers is compiled, too.
      for (const kind of OBSERVERS.slice(0, 2))
        await observedRun(broker, client, WARM_UP, messages, observer, kind);
    }
    const figures: ObserverFigures[] = [];
    for (const cell of CELLS) {
      for (const kind of OBSERVERS) {
        const ofBrokers = brokers.map(
          ({ name }): ObserverFigures => ({ broker: name, cell, observer: kind, without: [], having: [] }),
        );
        for (let round = 0; round < size.repeat; round += 1) {
          for (const [at, broker] of brokers.entries()) {
            const { without, having } = ofBrokers[at]!;
            const bare = async () => without.push(await ackRun(broker, client, cell, size.messages));
            const observed = async () =>
              having.push(await observedRun(broker, client, cell, size.messages, observer, kind));
            // Who comes first changes from round to round: a machine that slows down slows both.
            for (const run of round % 2 === 0 ? [bare, observed] : [observed, bare]) await run();
          }
        }
        figures.push(...ofBrokers);
      }
    }
    return observersReport(figures, size);
  } finally {
    for (const broker of brokers) await broker.stop();
    await client.close();
    await observer.close();
  }
}

async function observedRun(
  broker: Broker,
  client: LoadClient,
  cell: Cell,
  messages: number,
  observer: Observer,
  { qos, isStuck }: ObserverKind,
): Promise<ObservedRun> {
  await observer.observe({ port: broker.port, qos, isStuck });
  try {
    const run = await ackRun(broker, client, cell, messages);
    return { ...run, observed: await observer.settled() };
  } finally {
    await observer.leave();
  }
}
