import { join } from 'node:path';
import { KINESIS_DEAD_LETTER } from '../dead-letter/dead-letter-files.js';
import {
  type Checkpoint,
  type CheckpointFile,
  CONSUMER_READER,
  checkpointFileNames,
  FORWARDER_READER,
  readCheckpointFile,
  readersOfCheckpointFiles,
} from '../ledger/checkpoint-file.js';
import { readdir } from '../lib/files.js';
import { ifThere } from '../lib/if-there.js';
import { parseSingleWorkerPosition } from '../stream/kinesis/reader/single-worker-position.js';
import type { DirectoryProblem } from './directory-problem.js';

/** A file that is damaged or gone, and that the gateway can do without. */
export interface DamagedFile {
  readonly file: string;
  readonly why: string;
}

/** The checkpoint of a reader: its newest file, or the copy of it when that one is damaged or gone. */
export interface FoundCheckpoint {
  readonly reader: string;
  /** Absent when neither file can be used. */
  readonly usable: Extract<CheckpointFile, { kind: 'good' }> | undefined;
  /** Present when the newest file is damaged or gone. */
  readonly damaged: DamagedFile | undefined;
}

export interface Checkpoints {
  readonly found: readonly FoundCheckpoint[];
  readonly problems: readonly DirectoryProblem[];
}

/** Looks at the checkpoints of all readers in the folder. */
export async function findCheckpoints(folder: string): Promise<Checkpoints> {
  const found: FoundCheckpoint[] = [];
  const problems: DirectoryProblem[] = [];
  for (const reader of readersOfCheckpointFiles((await ifThere(readdir(folder))) ?? [])) {
    const { newest: name, copy } = checkpointFileNames(reader);
    const newest = await readOurs(folder, name, reader);
    const isLost = newest.kind === 'damaged' || newest.kind === 'missing';
    const usedName = isLost ? copy : name;
    const used = isLost ? await readOurs(folder, copy, reader) : newest;
    if (used.kind === 'foreign' || used.kind === 'unreadable') {
      problems.push(checkpointProblem(join(folder, usedName), used.why));
      continue;
    }
    found.push({
      reader,
      usable: used.kind === 'good' ? used : undefined,
      damaged: isLost ? { file: join(folder, name), why: newest.why } : undefined,
    });
  }
  return { found, problems };
}

/** Also looks at the position, whose form depends on the reader. */
async function readOurs(folder: string, name: string, reader: string): Promise<CheckpointFile> {
  const file = await readCheckpointFile(join(folder, name));
  if (file.kind !== 'good') return file;
  const { position } = file.checkpoint;
  if (isOfLog(reader)) {
    const isSequence = /^\d+$/.test(position) && Number.isSafeInteger(Number(position));
    return isSequence ? file : { kind: 'foreign', why: 'its position is not a number of records' };
  }
  if (!reader.startsWith(KINESIS_DEAD_LETTER)) return file;
  try {
    parseSingleWorkerPosition(position);
    return file;
  } catch {
    return { kind: 'foreign', why: 'its position is not one in a Kinesis stream' };
  }
}

function checkpointProblem(file: string, why: string): DirectoryProblem {
  return {
    kind: 'mismatch',
    file,
    found: `the checkpoint is of another kind: ${why}`,
    expected: 'position, ledger and end of the dead letter as this version writes them',
    next:
      'start the version that has written it, restore it from a backup, or move it and its copy away: the log is then read again from its ' +
      'oldest record (points are overwritten, not doubled; the ledger starts again)',
  };
}

export function isOfLog(reader: string): boolean {
  return reader === CONSUMER_READER || reader === FORWARDER_READER;
}

/** Reading begins at the checkpoint that came further, because `stream.mode` may have been changed. */
export function furthestOfLog(
  found: readonly FoundCheckpoint[],
): { readonly reader: string; readonly checkpoint: Checkpoint } | undefined {
  let furthest: { readonly reader: string; readonly checkpoint: Checkpoint } | undefined;
  for (const { reader, usable } of found) {
    if (usable === undefined || !isOfLog(reader)) continue;
    const { checkpoint } = usable;
    if (furthest !== undefined && Number(furthest.checkpoint.position) >= Number(checkpoint.position))
      continue;
    furthest = { reader, checkpoint };
  }
  return furthest;
}
