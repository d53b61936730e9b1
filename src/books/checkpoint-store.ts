import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import type { DeadLetterEnd } from '../dead-letter/dead-letter-writer.js';
import { errorText, SluiceError, systemErrorCode } from '../errors.js';
import { replaceFile } from '../replace-file.js';
import type { Position } from '../stream/stream.js';
import type { LedgerTotals } from './ledger.js';

/** Where a reader stands and what became of everything before; one file, replaced at once. */
export interface Checkpoint {
  readonly position: Position;
  readonly ledger: LedgerTotals;
  readonly deadLetterEnd: DeadLetterEnd;
  /** The books of each partition since this process began it; for stores that keep a place a partition, not part of a file. */
  readonly accounts?: ReadonlyMap<string, LedgerTotals>;
}

export interface CheckpointStore {
  /** `undefined`: never saved. Rejects with CHECKPOINT_UNREADABLE rather than begin again unasked. */
  load(): Promise<Checkpoint | undefined>;
  /** Resolved: durable. Rejects with CHECKPOINT_FAILED. */
  save(checkpoint: Checkpoint): Promise<void>;
}

const SUFFIX = '.checkpoint.json';

/** A file a reader: `<reader>.checkpoint.json`, with a checksum over its content. */
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

/** Names of the readers that have a checkpoint in the directory; whether it can be read is not looked at. */
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
      'log again from its oldest record (points are overwritten, not doubled; the ledger starts anew)',
  );
}
