import {
  parkedLine,
  parkedRecord,
  parseParkedLine,
  wholeLines,
} from '../../src/dead-letter/parked-record.js';
import { ReplayJournal } from '../../src/dead-letter/replay-journal.js';
import { SenderBytes } from '../../src/dead-letter/sender-bytes.js';
import { inspectFile } from '../../src/replay/inspect-parked.js';
import { cityRecords } from './readings.js';
import { type Comparison, compare, type RoundSizes } from './rounds.js';

const RECORDS = 5_000;

/** What a start does with each parked record, beside parsing its line. */
export function compareInspect(sizes: RoundSizes): Promise<Comparison> {
  const why = {
    code: 'rule-where-failed',
    reason: 'no such key: temperature',
    rule: 'city-climate',
  } as const;
  const lines = cityRecords(RECORDS).map((record) => parkedLine(parkedRecord(record, why, Date.now())));
  const file = Buffer.from(lines.join(''));
  return compare(
    { name: 'inspect: a parked record at a start', alternative: 'parse its line' },
    async () => {
      const found = { first: new Map(), again: new Map() };
      await inspectFile(file, { number: 0, isSealed: false }, new ReplayJournal(), found, new SenderBytes());
      return RECORDS;
    },
    () => {
      for (const { bytes } of wholeLines(file)) {
        if (parseParkedLine(bytes) === undefined) throw new Error('a parked line cannot be read');
      }
      return RECORDS;
    },
    sizes,
  );
}
