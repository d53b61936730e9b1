import { join } from 'node:path';
import { ClientBytes } from '../dead-letter/client-bytes.js';
import {
  deadLetterFileName,
  deadLetterFileNumbers,
  journalFileName,
} from '../dead-letter/dead-letter-files.js';
import type { DeadLetterEnd } from '../dead-letter/dead-letter-writer.js';
import { systemErrorCode } from '../lib/errors.js';
import { readFile } from '../lib/files.js';
import type { Warn } from '../lib/warnings.js';
import { type FoundRecords, inspectFile } from './inspect-parked.js';
import type { JournalFolder } from './journal-folder.js';

/** What a folder of the dead letter holds. */
export interface InspectedFolder {
  readonly path: string;
  readonly found: FoundRecords;
  readonly clients: ClientBytes;
  /** The newest file, when it is shorter than its checkpoint says: it was cut, if records are missing. */
  readonly shortFile?: string;
}

/**
 * Reads all parked files of a folder up to `end`; what lies behind it comes again from the stream. Logs one warning for
 * each file, of records or of a journal, that cannot be read as a whole.
 */
export async function inspectFolder(
  folder: JournalFolder,
  end: DeadLetterEnd | undefined,
  warn: Warn,
): Promise<InspectedFolder> {
  const found: FoundRecords = { first: new Map(), again: new Map() };
  const clients = new ClientBytes();
  const numbers = await deadLetterFileNumbers(folder.path);
  const newest = numbers.at(-1);
  let shortFile: string | undefined;
  for (const number of numbers) {
    if (end !== undefined && number > end.file) break;
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
    const damage = await inspectFile(read, place, await folder.read(number), found, clients);
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
  return { path: folder.path, found, clients, shortFile };
}

async function readIfThere(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path);
  } catch (thrown) {
    if (systemErrorCode(thrown) === 'ENOENT') return undefined;
    throw thrown;
  }
}
