import { mkdir, rename, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import {
  deadLetterFileName,
  deadLetterFileNumbers,
  deadLetterFolders,
  journalFileName,
  journalFileNumbers,
  REMOVED_JOURNALS_FILE,
} from '../dead-letter/dead-letter-files.js';
import { systemErrorCode } from '../lib/errors.js';
import { syncDirectory } from '../lib/sync-directory.js';
import { hasRemovedJournals } from './removed-journals.js';

/**
 * Moves the files of each folder without a ledger to an archive: a new folder `before-…` inside the dead letter. Replaying
 * or purging these records must not change a ledger that has not counted them as parked. They are still listed, replayed
 * and purged. `hasLedger` gets the name of a folder, '' for the dead letter itself. Resolves with the archives.
 *
 * After a crash in the middle the next start archives the rest. Records that were replayed before can then be listed as
 * parked again; replaying them once more is harmless.
 */
export async function archiveParked(
  directory: string,
  hasLedger: (folder: string) => boolean,
  nowMs: number,
): Promise<readonly string[]> {
  const archives: string[] = [];
  for (const path of await deadLetterFolders(directory)) {
    const folder = path === directory ? '' : basename(path);
    if (hasLedger(folder)) continue;
    const names = await filesOf(path);
    if (await areEmpty(path, names)) continue;
    const archive = await makeArchive(directory, folder, nowMs);
    for (const name of names) await rename(join(path, name), join(archive, name));
    for (const changed of [archive, path]) await syncDirectory(changed);
    archives.push(archive);
  }
  return archives;
}

async function filesOf(path: string): Promise<string[]> {
  return [
    ...(await journalFileNumbers(path)).map(journalFileName),
    ...(await deadLetterFileNumbers(path)).map(deadLetterFileName),
    ...((await hasRemovedJournals(path)) ? [REMOVED_JOURNALS_FILE] : []),
  ];
}

/** True for the files of a process that ended before its first checkpoint: there is no record in them to archive. */
async function areEmpty(path: string, names: readonly string[]): Promise<boolean> {
  for (const name of names) if ((await stat(join(path, name))).size > 0) return false;
  return true;
}

/** Makes a folder with a name that is not taken: an earlier archive has files of the same names. */
async function makeArchive(directory: string, folder: string, nowMs: number): Promise<string> {
  const stamp = new Date(nowMs).toISOString().replace(/[-:]|\.\d+/g, '');
  const name = `before-${stamp}${folder === '' ? '' : `-${folder}`}`;
  for (let number = 1; ; number += 1) {
    const path = join(directory, number === 1 ? name : `${name}-${number}`);
    try {
      await mkdir(path, { mode: 0o700 });
      // The folder must be durable before files are moved into it.
      await syncDirectory(directory);
      return path;
    } catch (thrown) {
      if (systemErrorCode(thrown) !== 'EEXIST') throw thrown;
    }
  }
}
