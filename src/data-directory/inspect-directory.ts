import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { checkpointFileNames } from '../ledger/checkpoint-file.js';
import { errorText, systemErrorCode } from '../lib/errors.js';
import { CLEAN_STOP_FILE, type CleanStop, readCleanStop } from './clean-stop.js';
import type { DataDirectory } from './data-directory.js';
import { shortenedFiles } from './dead-letter-sizes.js';
import { type DirectoryIdentity, IDENTITY_FILE, readIdentity } from './directory-identity.js';
import type { DirectoryProblem } from './directory-problem.js';
import { accessProblems } from './file-access.js';
import {
  type Checkpoints,
  type DamagedFile,
  type FoundCheckpoint,
  findCheckpoints,
  furthestOfLog,
  isOfLog,
} from './find-checkpoints.js';
import { journalProblems } from './journal-problems.js';
import { logProblems } from './log-fit.js';
import { missingSegments } from './missing-segments.js';

export interface DirectoryFindings {
  /** Why the directory cannot be used. When there are any, the rest says nothing. */
  readonly problems: readonly DirectoryProblem[];
  /** Absent in a directory of version 0.1, and in one that is new. */
  readonly identity?: DirectoryIdentity;
  /** The id that the files name; a lost identity file gets it again. */
  readonly id?: string;
  readonly checkpoints: readonly FoundCheckpoint[];
  /** Absent when the last gateway was killed, or when the note is of an older state. */
  readonly cleanStop?: CleanStop;
  readonly damagedCleanStop?: DamagedFile;
  /** Segments of the log that were there and are gone or cut. */
  readonly missingSegments?: readonly DamagedFile[];
  /** Parked files and replay journals that were longer when the gateway stopped. */
  readonly shortenedFiles?: readonly DamagedFile[];
}

export interface InspectOptions {
  /** Whether files of other users are a problem: not for a command that only looks, beside a running gateway. */
  readonly looksAtOwners?: boolean;
}

/**
 * Looks at the files of a data directory and changes nothing: whether this user may use them, and whether they are of a
 * known format and belong together. Start, `sluice check` and `sluice doctor` ask this one function. It never rejects.
 */
export async function inspectDataDirectory(
  directory: DataDirectory,
  { looksAtOwners = true }: InspectOptions = {},
): Promise<DirectoryFindings> {
  try {
    if (!(await isFolder(directory.root))) return { problems: [], checkpoints: [] };
    const problems = looksAtOwners ? await accessProblems(directory) : [];
    return problems.length > 0 ? { problems, checkpoints: [] } : await inspectContents(directory);
  } catch (thrown) {
    const problem: DirectoryProblem = {
      kind: 'access',
      file: (thrown as NodeJS.ErrnoException).path ?? directory.root,
      found: `it cannot be read: ${errorText(thrown)}`,
      expected: 'files that this user can read and write',
      next: 'check the disk and the permissions, or name another stream.log.directory',
    };
    return { problems: [problem], checkpoints: [] };
  }
}

/** The caller that makes the folders reports a file in the place of one. */
async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch (thrown) {
    if (['ENOENT', 'ENOTDIR'].includes(systemErrorCode(thrown) ?? '')) return false;
    throw thrown;
  }
}

async function inspectContents(directory: DataDirectory): Promise<DirectoryFindings> {
  const identity = await readIdentity(directory.root);
  if (identity.kind === 'refused') return { problems: [identity.problem], checkpoints: [] };
  const known = identity.kind === 'good' ? identity.identity : undefined;
  // Before the log: a running gateway deletes segments only when a later checkpoint is saved.
  const checkpoints = await findCheckpoints(directory.checkpoints);
  const note = await readCleanStop(directory.root);
  const cleanStop = note.kind === 'good' && isStill(note.cleanStop, checkpoints) ? note.cleanStop : undefined;
  const { id, problems } = idOf(directory, known, checkpoints.found, cleanStop);
  const allProblems = [...checkpoints.problems, ...problems, ...(await journalProblems(directory))];
  const start = furthestOfLog(checkpoints.found);
  const expected = {
    checkpoint: start?.checkpoint,
    checkpointFile: join(directory.checkpoints, checkpointFileNames(start?.reader ?? '').newest),
    cleanStop,
  };
  if (allProblems.length === 0) allProblems.push(...(await logProblems(directory.log, expected)));
  return {
    problems: allProblems,
    identity: known,
    id,
    checkpoints: checkpoints.found,
    cleanStop,
    damagedCleanStop:
      note.kind === 'damaged' ? { file: join(directory.root, CLEAN_STOP_FILE), why: note.why } : undefined,
    missingSegments: await missingSegments(directory.log, expected),
    shortenedFiles: await shortenedFiles(directory.deadLetter, cleanStop?.deadLetter ?? {}),
  };
}

function isStill({ checkpoints }: CleanStop, { found }: Checkpoints): boolean {
  const now = found.filter(({ reader }) => isOfLog(reader));
  // A damaged checkpoint cannot be compared; nothing has replaced it.
  if (now.some(({ usable }) => usable === undefined)) return false;
  return (
    now.length === Object.keys(checkpoints).length &&
    now.every(({ reader, usable }) => usable?.crc32 === checkpoints[reader])
  );
}

/** Compares the ids in the files. Without an identity file the directory has the id that they name. */
function idOf(
  { root, checkpoints: folder }: DataDirectory,
  identity: DirectoryIdentity | undefined,
  found: readonly FoundCheckpoint[],
  cleanStop: CleanStop | undefined,
): { readonly id: string | undefined; readonly problems: readonly DirectoryProblem[] } {
  const named = found.flatMap(({ reader, usable }) => {
    const id = usable?.checkpoint.origin?.directory;
    return id === undefined ? [] : [{ file: join(folder, checkpointFileNames(reader).newest), id }];
  });
  if (cleanStop !== undefined) named.push({ file: join(root, CLEAN_STOP_FILE), id: cleanStop.directory });
  const id = identity?.id ?? named[0]?.id;
  const other = named.find((one) => one.id !== id);
  if (other === undefined) return { id, problems: [] };
  const problem: DirectoryProblem = {
    kind: 'mismatch',
    file: other.file,
    found: `it belongs to the data directory ${other.id}`,
    expected: `files of the data directory ${id} (${join(root, IDENTITY_FILE)})`,
    next: 'restore the files that belong together from one backup, or move this one away',
  };
  return { id, problems: [problem] };
}
