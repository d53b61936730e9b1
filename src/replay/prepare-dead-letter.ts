import { namingDeadLetter } from '../dead-letter/dead-letter-failure.js';
import {
  deadLetterFolders,
  isFolderOfLog,
  KINESIS_DEAD_LETTER,
  readerFolder,
} from '../dead-letter/dead-letter-files.js';
import { CONSUMER_READER, FORWARDER_READER, savedReaders } from '../ledger/checkpoint-store.js';
import type { Warn } from '../lib/warnings.js';
import { archiveParked } from './archive-parked.js';
import { finishRemoving, moveDamagedAside } from './removed-journals.js';

export interface PrepareDeadLetterOptions {
  /** The folder of the dead letter, and that of the checkpoints. */
  readonly deadLetter: string;
  readonly checkpoints: string;
  readonly warn: Warn;
}

/**
 * To be called once per process, before a DeadLetterWriter is opened and before the first checkpoint is saved. It archives
 * the records whose ledger is gone, and finishes removals that a crash has interrupted, so that a writer does not begin a
 * file that is about to be removed. Rejects with DISK_FULL or DEAD_LETTER_FAILED.
 */
export function prepareDeadLetter(options: PrepareDeadLetterOptions): Promise<void> {
  return namingDeadLetter(options.deadLetter, () => prepare(options));
}

async function prepare({ deadLetter, checkpoints, warn }: PrepareDeadLetterOptions): Promise<void> {
  for (const folder of await archiveParked(deadLetter, await ledgersIn(checkpoints), Date.now())) {
    warn(
      { code: 'LEDGER_RESET', folder },
      'there is no checkpoint: the ledger starts at zero, and what was parked before was moved to a folder of its own',
    );
  }
  for (const folder of await deadLetterFolders(deadLetter)) {
    await moveDamagedAside(folder, warn);
    await finishRemoving(folder);
  }
}

/**
 * Returns a function that checks whether the ledger of a folder's records is there. The ledgers of the log's readers and of
 * Kinesis consumers without leases are in checkpoint files; those of consumers with leases are in the lease table.
 */
async function ledgersIn(checkpoints: string): Promise<(folder: string) => boolean> {
  const saved = new Set(await savedReaders(checkpoints));
  const hasLedgerOfLog = saved.has(CONSUMER_READER) || saved.has(FORWARDER_READER);
  return (folder) => {
    if (isFolderOfLog(folder)) return hasLedgerOfLog;
    const reader = readerFolder(folder);
    return !reader.startsWith(KINESIS_DEAD_LETTER) || saved.has(reader);
  };
}
