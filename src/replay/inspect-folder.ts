import { join } from 'node:path';
import {
  deadLetterFileName,
  deadLetterFileNumbers,
  journalFileName,
} from '../dead-letter/dead-letter-files.js';
import type { DeadLetterEnd } from '../dead-letter/dead-letter-writer.js';
import type { ReplayTotals } from '../dead-letter/replay-totals.js';
import type { SenderBytes } from '../dead-letter/sender-bytes.js';
import { systemErrorCode } from '../lib/errors.js';
import { readFile } from '../lib/files.js';
import type { Warn } from '../lib/warnings.js';
import { type FoundRecords, inspectFile } from './inspect-parked.js';
import type { JournalFolder } from './journal-folder.js';

/** What a folder of the dead letter holds. */
export interface InspectedFolder {
  readonly path: string;
  readonly found: FoundRecords;
  /** What the journals said when the files were read. */
  readonly totals: ReplayTotals;
  /** The newest file, when it is shorter than its checkpoint says: it was cut, if records are missing. */
  readonly shortFile?: string;
}

export interface InspectOptions {
  /** Where the folder ended at the last checkpoint; what lies behind it comes again from the stream. */
  readonly end: DeadLetterEnd | undefined;
  /** The bytes of each client are added to it. */
  readonly senders: SenderBytes | undefined;
  /** Ends the work behind the present file. */
  readonly signal: AbortSignal;
  readonly warn: Warn;
}

/**
 * Reads all parked files of a folder up to `end`, one after the other. Logs one warning for each file, of records or of a
 * journal, that cannot be read as a whole.
 */
export async function inspectFolder(
  folder: JournalFolder,
  { end, senders, signal, warn }: InspectOptions,
): Promise<InspectedFolder> {
  const found: FoundRecords = { first: new Map(), again: new Map() };
  const numbers = await deadLetterFileNumbers(folder.path);
  const newest = numbers.at(-1);
  let shortFile: string | undefined;
  for (const number of numbers) {
    if (signal.aborted || (end !== undefined && number > end.file)) break;
    const path = join(folder.path, deadLetterFileName(number));
    const file = await readIfThere(path);
    if (file === undefined) continue;
    const upTo = number === end?.file ? end.bytes : Number.POSITIVE_INFINITY;
    const place = {
      number,
      isSealed: end === undefined ? number !== newest : number < end.file,
    };
    if (number === end?.file && file.length < end.bytes) shortFile = path;
    const read = file.subarray(0, Math.min(upTo, file.length));
    const damage = await inspectFile(read, place, await folder.read(number), found, senders);
    if (damage === undefined) continue;
    warn(
      {
        code: 'DEAD_LETTER_DAMAGED',
        heldBack: 0,
        file: path,
        at: damage.firstAt,
        lines: damage.lines,
        isCut: damage.isCut,
      },
      damage.isCut
        ? 'a file of parked records was cut: records are missing at its end'
        : 'a file of parked records has lines that cannot be read',
    );
  }
  for (const { number, damage } of folder.damaged()) {
    warn(
      {
        code: 'DEAD_LETTER_DAMAGED',
        heldBack: 0,
        file: join(folder.path, journalFileName(number)),
        at: damage.firstAt,
        lines: damage.lines,
      },
      'a replay journal has lines that cannot be read: their records count as parked again, and can be replayed again',
    );
  }
  return { path: folder.path, found, totals: folder.totals, shortFile };
}

async function readIfThere(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path);
  } catch (thrown) {
    if (systemErrorCode(thrown) === 'ENOENT') return undefined;
    throw thrown;
  }
}
