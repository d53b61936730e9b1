import { join } from 'node:path';
import { isNoRoom } from '../lib/disk-room.js';
import { replaceFile } from '../lib/durable-files.js';
import { errorText, SluiceError, systemErrorCode } from '../lib/errors.js';
import { readdir } from '../lib/files.js';
import type { Position } from '../stream/stream.js';
import {
  type Checkpoint,
  type CheckpointOrigin,
  checkpointFileNames,
  checkpointText,
  readCheckpointFile,
  readersOfCheckpointFiles,
} from './checkpoint-file.js';

export {
  type Checkpoint,
  CONSUMER_READER,
  FORWARDER_READER,
  type LogReaderName,
} from './checkpoint-file.js';

export interface CheckpointStore {
  /** Resolves `undefined` when nothing was saved yet. Rejects with CHECKPOINT_UNREADABLE and never starts over silently. */
  load(): Promise<Checkpoint | undefined>;
  /** Resolved: durable. Rejects with CHECKPOINT_FAILED, or with DISK_FULL: then the one before stays, and a later try may succeed. */
  save(checkpoint: Checkpoint): Promise<void>;
}

/**
 * Keeps the checkpoint of a reader in `<reader>.checkpoint.json` and, with the same content, in a copy beside it, so that
 * damage to one of the two files, or the loss of it, costs nothing. The copy is written first: a caller that reads the newest checkpoint may rely
 * on the copy. A save resolves when both are durable, and only then may anything that they cover be deleted.
 */
export class FileCheckpointStore implements CheckpointStore {
  readonly #directory: string;
  readonly #reader: string;
  readonly #originAt: (position: Position) => Promise<CheckpointOrigin | undefined>;

  /** `originAt` says what a checkpoint at a position belongs to. */
  constructor(
    directory: string,
    reader: string,
    originAt: (position: Position) => Promise<CheckpointOrigin | undefined> = async () => undefined,
  ) {
    this.#directory = directory;
    this.#reader = reader;
    this.#originAt = originAt;
  }

  load(): Promise<Checkpoint | undefined> {
    return loadCheckpoint(this.#directory, this.#reader);
  }

  async save(checkpoint: Checkpoint): Promise<void> {
    const { newest, copy } = checkpointFileNames(this.#reader);
    const path = join(this.#directory, newest);
    try {
      const origin = await this.#originAt(checkpoint.position);
      const text = checkpointText({ ...checkpoint, origin });
      await replaceFile(join(this.#directory, copy), text);
      await replaceFile(path, text);
    } catch (thrown) {
      throw new SluiceError(
        isNoRoom(thrown) ? 'DISK_FULL' : 'CHECKPOINT_FAILED',
        `the checkpoint ${path} cannot be saved: ${errorText(thrown)}`,
        { cause: thrown },
      );
    }
  }
}

/** The names of the readers that have a checkpoint in the directory, readable or not. Rejects with CHECKPOINT_UNREADABLE. */
export async function savedReaders(directory: string): Promise<string[]> {
  const names = await readdir(directory).catch((thrown: unknown) => {
    if (systemErrorCode(thrown) === 'ENOENT') return [];
    throw new SluiceError(
      'CHECKPOINT_UNREADABLE',
      `the checkpoints in ${directory} cannot be read: ${errorText(thrown)}`,
      { cause: thrown },
    );
  });
  return readersOfCheckpointFiles(names);
}

/** The checkpoints of all readers in the directory, by reader name. */
export async function readAllCheckpoints(directory: string): Promise<Map<string, Checkpoint>> {
  const all = new Map<string, Checkpoint>();
  for (const reader of await savedReaders(directory)) {
    const checkpoint = await loadCheckpoint(directory, reader);
    if (checkpoint !== undefined) all.set(reader, checkpoint);
  }
  return all;
}

/** There is none when both files are gone: an operator who removes them wants to begin again. */
async function loadCheckpoint(directory: string, reader: string): Promise<Checkpoint | undefined> {
  const { newest, copy } = checkpointFileNames(reader);
  const path = join(directory, newest);
  const file = await readCheckpointFile(path);
  if (file.kind === 'good') return file.checkpoint;
  const isLost = file.kind === 'damaged' || file.kind === 'missing';
  const saved = isLost ? await readCheckpointFile(join(directory, copy)) : file;
  if (saved.kind === 'good') return saved.checkpoint;
  if (file.kind === 'missing' && saved.kind === 'missing') return undefined;
  throw new SluiceError(
    'CHECKPOINT_UNREADABLE',
    `the checkpoint ${path} cannot be used: ${file.why}. Restore it from a backup, or move it away to read the ` +
      'log again from its oldest record (points are overwritten, not doubled; the ledger starts at zero)',
  );
}
