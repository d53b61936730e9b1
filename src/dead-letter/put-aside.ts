import { mkdir, rename } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { syncDirectory } from '../sync-directory.js';
import {
  deadLetterFileName,
  deadLetterFileNumbers,
  deadLetterFolders,
  journalFileName,
  journalFileNumbers,
} from './dead-letter-files.js';
import { hasAbsorbed, SETTLED_TOTALS_FILE } from './settled-totals-file.js';

/**
 * Puts what was parked before its books began into a folder of its own: its moves are no changes of the new books. It is
 * still listed, replayed and purged. `isOfBooks`: by folder, '' for the dead letter itself. Resolves with the new folders.
 * A crash in the middle leaves the rest for the next start; records settled before can then show as parked again, and
 * replaying them is harmless.
 */
export async function putAside(
  directory: string,
  isOfBooks: (folder: string) => boolean,
  nowMs: number,
): Promise<readonly string[]> {
  const made: string[] = [];
  for (const path of await deadLetterFolders(directory)) {
    const folder = path === directory ? '' : basename(path);
    if (isOfBooks(folder)) continue;
    const names = await filesOf(path);
    if (names.length === 0) continue;
    const stamp = new Date(nowMs).toISOString().replace(/[-:]|\.\d+/g, '');
    const aside = join(directory, `before-${stamp}${folder === '' ? '' : `-${folder}`}`);
    await mkdir(aside, { recursive: true, mode: 0o700 });
    for (const name of names) await rename(join(path, name), join(aside, name));
    for (const changed of [aside, path, directory]) await syncDirectory(changed);
    made.push(aside);
  }
  return made;
}

async function filesOf(path: string): Promise<string[]> {
  return [
    ...(await journalFileNumbers(path)).map(journalFileName),
    ...(await deadLetterFileNumbers(path)).map(deadLetterFileName),
    ...((await hasAbsorbed(path)) ? [SETTLED_TOTALS_FILE] : []),
  ];
}
