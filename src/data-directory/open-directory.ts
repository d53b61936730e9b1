import { errorText, SluiceError } from '../lib/errors.js';
import { type DataDirectory, prepareDataDirectory } from './data-directory.js';
import {
  DIRECTORY_FORMATS,
  type DirectoryFormat,
  type DirectoryIdentity,
  keepIdentity,
} from './directory-identity.js';
import { type DirectoryLock, isDataDirectoryLocked, lockDataDirectory } from './directory-lock.js';
import { directoryRefused } from './directory-problem.js';
import { closeToOthers } from './file-modes.js';
import { type DirectoryFindings, inspectDataDirectory } from './inspect-directory.js';
import { makeFilesPrivate } from './private-umask.js';

/** A data directory that this process has for itself. */
export interface OpenDirectory {
  readonly lock: DirectoryLock;
  readonly identity: DirectoryIdentity;
  /** What was found under the lock; it has no problems. */
  readonly findings: DirectoryFindings;
  /** Files and folders of ours that were open to other users of the machine, and are not any more. */
  readonly closedToOthers: readonly string[];
}

/**
 * Takes the data directory: looks at it, makes the folders that are missing, locks it, and notes who it is. What does not
 * fit is refused before anything is made or changed. Until the lock is released this process makes files for its user
 * alone. `format` is what it is going to write. Rejects with DATA_DIRECTORY_MISMATCH, DATA_DIRECTORY_UNUSABLE or
 * DATA_DIRECTORY_LOCKED.
 */
export async function openDataDirectory(
  directory: DataDirectory,
  version: string,
  format: DirectoryFormat = DIRECTORY_FORMATS.plain,
): Promise<OpenDirectory> {
  await refuseProblems(directory);
  const endPrivate = makeFilesPrivate();
  try {
    await prepareDataDirectory(directory);
    const lock = await lockDataDirectory(directory);
    const release = async () => {
      await lock.release();
      endPrivate();
    };
    try {
      return { lock: { ...lock, release }, ...(await takeUnderLock(directory, version, format)) };
    } catch (thrown) {
      await lock.release();
      throw thrown;
    }
  } catch (thrown) {
    endPrivate();
    throw thrown;
  }
}

async function takeUnderLock(
  directory: DataDirectory,
  version: string,
  format: DirectoryFormat,
): Promise<Omit<OpenDirectory, 'lock'>> {
  // Another process may have used the directory between the first look and the lock.
  const findings = await refuseProblems(directory);
  const { identity: known, id } = findings;
  try {
    const closed = await closeToOthers(directory);
    const identity = await keepIdentity(directory.root, known, { version, id, format });
    return { identity, findings, closedToOthers: closed };
  } catch (thrown) {
    throw new SluiceError(
      'DATA_DIRECTORY_UNUSABLE',
      `the identity or the modes of the data directory ${directory.root} cannot be written: ${errorText(thrown)}`,
      { cause: thrown },
    );
  }
}

async function refuseProblems(directory: DataDirectory): Promise<DirectoryFindings> {
  const findings = await inspectDataDirectory(directory);
  if (findings.problems.length === 0) return findings;
  // Files that a running gateway is changing may look wrong: the message is then about that gateway.
  if (await isLocked(directory)) await (await lockDataDirectory(directory)).release();
  throw directoryRefused(findings.problems);
}

async function isLocked({ root }: DataDirectory): Promise<boolean> {
  try {
    return await isDataDirectoryLocked(root);
  } catch {
    // It cannot even be asked: the problems say why.
    return false;
  }
}
