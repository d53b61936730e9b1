import { cityRecords } from '../micro/readings.js';
import { type BenchOptions, sizeOf } from '../options.js';
import { numberText, type Spread, spreadOf, spreadText } from '../report/spread.js';
import type { PartReport } from '../report/table.js';
import { consumeAll } from './from-kinesis.js';
import type { InstantKinesis } from './instant-kinesis.js';
import { filledLog, forwardAll, onePutEach, type Sent } from './to-kinesis.js';

const FULL_MESSAGES = 400_000;
const QUICK_MESSAGES = 20_000;
const PER_MILLION = 1_000_000;

interface Outcome {
  readonly name: string;
  readonly perSecond: Spread;
  /** What Kinesis bills and limits; the same in each run. */
  readonly kinesis: InstantKinesis;
  readonly messages: number;
}

/** Both ways through a Kinesis that answers at once: our own work, on one thread, and what Kinesis would bill. */
export async function kinesis(options: BenchOptions): Promise<PartReport> {
  const { messages, repeat } = sizeOf(options, FULL_MESSAGES, QUICK_MESSAGES);
  const records = cityRecords(messages);
  const log = await filledLog(options.directory, records);
  const outcomes: Outcome[] = [];
  const measure = async (name: string, run: () => Promise<Sent>) => {
    const runs: Sent[] = [];
    for (let i = 0; i < repeat; i += 1) runs.push(await run());
    const perSecond = spreadOf(runs.map((sent) => sent.perSecond));
    outcomes.push({ name, perSecond, kinesis: runs[0]!.kinesis, messages });
  };
  try {
    await measure('log to Kinesis, aggregated', () => forwardAll(log, true));
    await measure('log to Kinesis, aggregation: off', () => forwardAll(log, false));
    await measure('one PutRecord a message, by hand, no log', () => onePutEach(records));
    for (const aggregation of [true, false]) {
      const { kinesis: filled } = await forwardAll(log, aggregation, true);
      await measure(`Kinesis to sink, ${aggregation ? 'aggregated' : 'plain records'}`, async () => ({
        perSecond: await consumeAll(filled, messages, options.directory),
        kinesis: filled,
      }));
    }
  } finally {
    await log.close();
  }
  return {
    title: 'kinesis: messages a second through a Kinesis that answers at once',
    notes: [
      `${numberText(messages)} readings of the cities shape, about 100 bytes, 20 devices; median (min..max) of ${repeat}`,
      'one thread; from the log with checkpoints, or to a sink that takes everything at once; CloudEvents, 64 buckets',
      'Kinesis records, PUT payload units of 25 kB and bytes: for a million messages',
    ],
    heads: ['what', 'messages a second', 'Kinesis records', 'PUT units', 'MB'],
    rows: outcomes.map(row),
    figures: outcomes.map(({ name, perSecond, kinesis: { kinesisRecords, putUnits, bytes, requests } }) => ({
      name,
      perSecond,
      messages,
      kinesisRecords,
      putUnits,
      bytes,
      requests,
    })),
  };
}

function row({ name, perSecond, kinesis: filled, messages }: Outcome): string[] {
  const perMillion = (value: number) => numberText(Math.round((value * PER_MILLION) / messages));
  return [
    name,
    spreadText(perSecond),
    perMillion(filled.kinesisRecords),
    perMillion(filled.putUnits),
    perMillion(filled.bytes / 1e6),
  ];
}
