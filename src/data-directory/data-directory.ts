import { access, constants } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { makeDirectory } from '../lib/durable-files.js';
import { errorText, SluiceError } from '../lib/errors.js';
import { syncDirectory } from '../lib/sync-directory.js';

/** The folders in which Sluice keeps everything; their mode is 0700 because payloads are in them. */
export interface DataDirectory {
  readonly root: string;
  /** Known once the directory is open. */
  readonly id?: string;
  readonly log: string;
  readonly deadLetter: string;
  readonly checkpoints: string;
  /** Which windows are due; made when windows are configured. */
  readonly windows: string;
  /** The retained messages; made by a gateway with a broker. */
  readonly retained: string;
  /** The sessions of subscribers; made by a gateway with a broker. */
  readonly sessions: string;
}

export function dataDirectory(root: string): DataDirectory {
  return {
    root: resolve(root),
    log: join(resolve(root), 'log'),
    deadLetter: join(resolve(root), 'dead-letter'),
    checkpoints: join(resolve(root), 'checkpoints'),
    windows: join(resolve(root), 'windows'),
    retained: join(resolve(root), 'retained'),
    sessions: join(resolve(root), 'sessions'),
  };
}

/** Makes the folders that are missing. Rejects with DATA_DIRECTORY_UNUSABLE. */
export async function prepareDataDirectory(directory: DataDirectory): Promise<void> {
  try {
    for (const path of [directory.root, directory.log, directory.deadLetter, directory.checkpoints]) {
      await makeDirectory(path);
      await access(path, constants.R_OK | constants.W_OK | constants.X_OK);
    }
    // A process that was killed may have made folders and checkpoints without syncing them: all that follows builds on them.
    for (const path of [directory.root, directory.checkpoints]) await syncDirectory(path);
  } catch (thrown) {
    throw new SluiceError(
      'DATA_DIRECTORY_UNUSABLE',
      `the data directory ${directory.root} cannot be written: ${errorText(thrown)}; ` +
        'make it writable for this user, or name another with stream.log.directory',
      { cause: thrown },
    );
  }
}
