import { mkdir, rename, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { systemErrorCode } from '../errors.js';
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
    if (await isNothingIn(path, names)) continue;
    const aside = await newFolder(directory, folder, nowMs);
    for (const name of names) await rename(join(path, name), join(aside, name));
    for (const changed of [aside, path]) await syncDirectory(changed);
    made.push(aside);
  }
  return made;
}

/** As a process leaves it that ended before its first checkpoint: there is no record in it to put aside. */
async function isNothingIn(path: string, names: readonly string[]): Promise<boolean> {
  for (const name of names) if ((await stat(join(path, name))).size > 0) return false;
  return true;
}

/** One that was not there: files put aside before have the same names. */
async function newFolder(directory: string, folder: string, nowMs: number): Promise<string> {
  const stamp = new Date(nowMs).toISOString().replace(/[-:]|\.\d+/g, '');
  const name = `before-${stamp}${folder === '' ? '' : `-${folder}`}`;
  for (let number = 1; ; number += 1) {
    const path = join(directory, number === 1 ? name : `${name}-${number}`);
    try {
      await mkdir(path, { mode: 0o700 });
      // Before anything is moved into it.
      await syncDirectory(directory);
      return path;
    } catch (thrown) {
      if (systemErrorCode(thrown) !== 'EEXIST') throw thrown;
    }
  }
}

async function filesOf(path: string): Promise<string[]> {
  return [
    ...(await journalFileNumbers(path)).map(journalFileName),
    ...(await deadLetterFileNumbers(path)).map(deadLetterFileName),
    ...((await hasAbsorbed(path)) ? [SETTLED_TOTALS_FILE] : []),
  ];
}
