import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import type { DeadLetterEnd } from '../dead-letter/dead-letter-writer.js';
import { replaceFile } from '../lib/durable-files.js';
import { errorText, SluiceError, systemErrorCode } from '../lib/errors.js';
import type { Position } from '../stream/stream.js';
import type { LedgerTotals } from './ledger.js';

/** The names of the log's readers; each has a checkpoint file of its name. */
export const CONSUMER_READER = 'consumer';
export const FORWARDER_READER = 'forwarder';
export type LogReaderName = typeof CONSUMER_READER | typeof FORWARDER_READER;

/** The position of a reader, and what became of every record before it. */
export interface Checkpoint {
  readonly position: Position;
  readonly ledger: LedgerTotals;
  readonly deadLetterEnd: DeadLetterEnd;
  /**
   * The totals of each partition since this process began to read it. Only for stores that keep a checkpoint per partition;
   * a checkpoint file does not have it.
   */
  readonly partitions?: ReadonlyMap<string, LedgerTotals>;
}

export interface CheckpointStore {
  /** Resolves `undefined` when nothing was saved yet. Rejects with CHECKPOINT_UNREADABLE and never starts over silently. */
  load(): Promise<Checkpoint | undefined>;
  /** Resolved: durable. Rejects with CHECKPOINT_FAILED. */
  save(checkpoint: Checkpoint): Promise<void>;
}

const SUFFIX = '.checkpoint.json';

/** Keeps the checkpoint of a reader in `<reader>.checkpoint.json`, with a checksum over its content. */
export class FileCheckpointStore implements CheckpointStore {
  readonly #path: string;

  constructor(directory: string, reader: string) {
    this.#path = join(directory, `${reader}${SUFFIX}`);
  }

  load(): Promise<Checkpoint | undefined> {
    return readCheckpoint(this.#path);
  }

  async save({ position, ledger, deadLetterEnd }: Checkpoint): Promise<void> {
    const checkpoint: Checkpoint = { position, ledger, deadLetterEnd };
    const body = JSON.stringify(checkpoint);
    try {
      await replaceFile(this.#path, `${JSON.stringify({ crc32: crc32(body), checkpoint })}\n`);
    } catch (thrown) {
      throw new SluiceError(
        'CHECKPOINT_FAILED',
        `the checkpoint ${this.#path} cannot be saved: ${errorText(thrown)}`,
        { cause: thrown },
      );
    }
  }
}

/** The names of the readers that have a checkpoint in the directory, readable or not. */
export async function savedReaders(directory: string): Promise<string[]> {
  const names = await readdir(directory).catch((thrown: unknown) => {
    if (systemErrorCode(thrown) === 'ENOENT') return [];
    throw thrown;
  });
  return names.filter((name) => name.endsWith(SUFFIX)).map((name) => name.slice(0, -SUFFIX.length));
}

/** The checkpoints of all readers in the directory, by reader name. */
export async function readAllCheckpoints(directory: string): Promise<Map<string, Checkpoint>> {
  const all = new Map<string, Checkpoint>();
  for (const reader of await savedReaders(directory)) {
    const checkpoint = await readCheckpoint(join(directory, `${reader}${SUFFIX}`));
    if (checkpoint !== undefined) all.set(reader, checkpoint);
  }
  return all;
}

async function readCheckpoint(path: string): Promise<Checkpoint | undefined> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (thrown) {
    if (systemErrorCode(thrown) === 'ENOENT') return undefined;
    throw unreadable(path, errorText(thrown));
  }
  let saved: { crc32?: number; checkpoint?: Checkpoint };
  try {
    saved = JSON.parse(text) as typeof saved;
  } catch (thrown) {
    throw unreadable(path, errorText(thrown));
  }
  if (saved.checkpoint === undefined || crc32(JSON.stringify(saved.checkpoint)) !== saved.crc32) {
    throw unreadable(path, 'its checksum does not match');
  }
  return saved.checkpoint;
}

function unreadable(path: string, why: string): SluiceError {
  return new SluiceError(
    'CHECKPOINT_UNREADABLE',
    `the checkpoint ${path} cannot be used: ${why}. Restore it from a backup, or move it away to read the ` +
      'log again from its oldest record (points are overwritten, not doubled; the ledger starts at zero)',
  );
}
