import { stat } from 'node:fs/promises';
import { join, relative } from 'node:path';
import {
  deadLetterFileName,
  deadLetterFileNumbers,
  deadLetterFolders,
  journalFileName,
  journalFileNumbers,
  REMOVED_JOURNALS_FILE,
} from '../dead-letter/dead-letter-files.js';
import { ifThere } from '../lib/if-there.js';
import type { WarningFields } from '../lib/warnings.js';
import type { DamagedFile } from './find-checkpoints.js';

/** Parked files, replay journals and the totals of those that were removed: path below the dead letter → length in bytes. */
export type DeadLetterSizes = Readonly<Record<string, number>>;

/** The lengths of all of them now. */
export async function deadLetterSizes(deadLetter: string): Promise<DeadLetterSizes> {
  const sizes: Record<string, number> = {};
  for (const folder of await deadLetterFolders(deadLetter)) {
    const names = [
      ...(await deadLetterFileNumbers(folder)).map(deadLetterFileName),
      ...(await journalFileNumbers(folder)).map(journalFileName),
      REMOVED_JOURNALS_FILE,
    ];
    for (const name of names) {
      const path = join(folder, name);
      const status = await ifThere(stat(path));
      if (status !== undefined) sizes[relative(deadLetter, path)] = status.size;
    }
  }
  return sizes;
}

/**
 * Returns the files that are gone or shorter than they were. The ledger shows that parked records are missing, but not
 * which file had them. Nothing shows it of a journal: one that ends behind a whole line looks like one that never was
 * longer, and its records like records that nobody has replayed.
 */
export async function shortenedFiles(deadLetter: string, noted: DeadLetterSizes): Promise<DamagedFile[]> {
  const now = await deadLetterSizes(deadLetter);
  return Object.entries(noted)
    .filter(([path, bytes]) => (now[path] ?? -1) < bytes)
    .map(([path, bytes]) => ({
      file: join(deadLetter, path),
      why: `it had ${bytes} bytes when the gateway stopped, and ${now[path] === undefined ? 'is gone' : `has ${now[path]} now`}`,
    }));
}

/** The fields and the sentence of the line for such a file, which a gateway and a command log alike. */
export function shortenedFileLine(shortened: DamagedFile): [WarningFields, string] {
  return [
    { code: 'DEAD_LETTER_DAMAGED', heldBack: 0, ...shortened },
    'a parked file or a replay journal is gone or was cut; records of a journal count as parked again, and can be replayed again',
  ];
}
