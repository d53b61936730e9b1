import { stat } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { deadLetterFolders, journalFileName, journalFileNumbers } from '../dead-letter/dead-letter-files.js';
import { ifThere } from '../lib/if-there.js';
import type { WarningFields } from '../lib/warnings.js';
import type { DamagedFile } from './find-checkpoints.js';

/** Path below the dead letter → length in bytes. */
export type JournalSizes = Readonly<Record<string, number>>;

/** The lengths of all replay journals now. */
export async function journalSizes(deadLetter: string): Promise<JournalSizes> {
  const sizes: Record<string, number> = {};
  for (const folder of await deadLetterFolders(deadLetter)) {
    for (const number of await journalFileNumbers(folder)) {
      const path = join(folder, journalFileName(number));
      const status = await ifThere(stat(path));
      if (status !== undefined) sizes[relative(deadLetter, path)] = status.size;
    }
  }
  return sizes;
}

/**
 * Returns the journals that are gone or shorter than they were. Nothing else shows it: a journal that ends behind a whole
 * line looks like one that never was longer, and its records like records that nobody has replayed.
 */
export async function shortenedJournals(deadLetter: string, noted: JournalSizes): Promise<DamagedFile[]> {
  const now = await journalSizes(deadLetter);
  return Object.entries(noted)
    .filter(([path, bytes]) => (now[path] ?? 0) < bytes)
    .map(([path, bytes]) => ({
      file: join(deadLetter, path),
      why: `it had ${bytes} bytes when the gateway stopped, and ${now[path] === undefined ? 'is gone' : `has ${now[path]} now`}`,
    }));
}

/** The fields and the sentence of the line for such a journal, which a gateway and a command log alike. */
export function shortenedJournalLine(shortened: DamagedFile): [WarningFields, string] {
  return [
    { code: 'DEAD_LETTER_DAMAGED', heldBack: 0, ...shortened },
    'a replay journal is gone or was cut: its records count as parked again, and can be replayed again',
  ];
}
