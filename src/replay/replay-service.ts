/*
 * The map of this room, in reading order. A record that cannot be written is parked: it is a line in a file of the dead
 * letter. Replay processes such records again by the rules in force; purge deletes them.
 *
 * 1. List.    `listParked` (../dead-letter/dead-letter-reader.ts) reads the parked records, without any that are no longer
 *             parked.
 * 2. Select.  A `ParkedSelection` (selection.ts) says which of them a replay or purge is about. It comes from the HTTP API,
 *             or from a command: through the socket of a running gateway (ask-gateway.ts → serve-commands.ts), or, without
 *             a gateway, from the command's own process (../commands/run-replay.ts). Both end here, at the ReplayService.
 * 3. Replay.  The `Replayer` (replayer.ts) runs one job at a time (replay-job.ts counts it, replay-status.ts is what others
 *             see of it). It goes through the parked files (parked-files.ts), batch by batch, and maps each record again
 *             and writes its points to the store (reprocess-parked.ts).
 * 4. Journal. The new outcome of each record becomes a line in the journal next to its parked file (journal-folder.ts; the
 *             format is in ../dead-letter/replay-journal.ts). A file without a parked record is removed with its journal,
 *             and the journal's totals are kept (removed-journals.ts).
 * 5. Ledger.  The totals of all journals go into the report of this service, and `adjustForReplay`
 *             (../ledger/adjust-for-replay.ts) applies them to the ledgers: a replay changes the outcome of a record, it
 *             adds no record.
 *
 * Before all that, `prepareDeadLetter` (prepare-dead-letter.ts) archives records whose ledger is gone (archive-parked.ts).
 */

import { isFolderOfLog } from '../dead-letter/dead-letter-files.js';
import type { DeadLetterEnd } from '../dead-letter/dead-letter-writer.js';
import type { ReplayedFolder } from '../ledger/adjust-for-replay.js';
import { CONSUMER_READER, FileCheckpointStore } from '../ledger/checkpoint-store.js';
import { syncDirectory } from '../lib/sync-directory.js';
import type { ExplanationJson } from '../rules/explain-record.js';
import { ParkedFiles } from './parked-files.js';
import type { ReplayStatus } from './replay-status.js';
import { type JobRequest, Replayer, type ReplayerDeps, type ReplayerOptions } from './replayer.js';

/** Added to the interval between checkpoints, as a checkpoint takes time to be written. */
export const CHECKPOINT_GRACE_MS = 1_000;

export interface ReplayServiceOptions extends ReplayerOptions, Omit<ReplayerDeps, 'parkedFiles'> {
  /** The folder of the dead letter, and that of the checkpoints. */
  readonly deadLetter: string;
  readonly checkpoints: string;
  /** The folder of this process' Kinesis consumer inside the dead letter. */
  readonly kinesisFolder?: string;
}

/** What the main thread asks the worker that replays and purges. */
export type ReplayRequest =
  /** Answered with the first status of the job, or refused with DEAD_LETTER_BUSY or REPLAY_UNSUPPORTED. */
  | JobRequest
  /**
   * How the rules in force map a parked record; answered with `undefined` when no record has this id. `after` is its
   * cursor (see `scanParked`), so that this thread need not search for it.
   */
  | { readonly kind: 'explain'; readonly id: string; readonly after?: string };
export type ReplayAnswer = ReplayStatus | ExplanationJson | undefined;

/** What that worker reports. */
export interface ReplayReport {
  /** The status of the last job; absent before the first. */
  readonly status?: ReplayStatus;
  /** What replay and purge have changed so far, by folder of the dead letter. */
  readonly replayed: readonly ReplayedFolder[];
}

/** Replay and purge in one process: it takes jobs, and knows what all of them have changed. */
export class ReplayService {
  readonly #parkedFiles: ParkedFiles;
  readonly #replayer: Replayer;
  readonly #ownEnds: Map<string, DeadLetterEnd>;
  readonly #kinesisFolder: string | undefined;

  private constructor(
    parkedFiles: ParkedFiles,
    replayer: Replayer,
    ownEnds: Map<string, DeadLetterEnd>,
    kinesisFolder: string | undefined,
  ) {
    this.#parkedFiles = parkedFiles;
    this.#replayer = replayer;
    this.#ownEnds = ownEnds;
    this.#kinesisFolder = kinesisFolder;
  }

  /**
   * To be called after `prepareDeadLetter` and after the DeadLetterWriter of this process is open. Rejects with
   * DEAD_LETTER_FAILED or CHECKPOINT_UNREADABLE.
   */
  static async open(options: ReplayServiceOptions): Promise<ReplayService> {
    const ownEnds = new Map<string, DeadLetterEnd>();
    const savedEnd = savedEndReader(options.checkpoints);
    const parkedFiles = await ParkedFiles.open(options.deadLetter, {
      replayableEnd: async (folder) => ownEnds.get(folder) ?? savedEnd(folder),
    });
    if (await parkedFiles.sweep()) await options.onFreed();
    const replayer = new Replayer(options, { ...options, parkedFiles });
    return new ReplayService(parkedFiles, replayer, ownEnds, options.kinesisFolder);
  }

  /**
   * The reader of this thread has saved a checkpoint with this end of its dead letter. Needed for checkpoints that are not
   * in files; for those in files it saves reading them.
   */
  noteSaved(folder: string, end: DeadLetterEnd): void {
    this.#ownEnds.set(folder, end);
  }

  /** Begins a job and returns its first status. Throws DEAD_LETTER_BUSY or REPLAY_UNSUPPORTED. */
  start(request: JobRequest): ReplayStatus {
    return this.#replayer.start(request);
  }

  report(): ReplayReport {
    const replayed = this.#parkedFiles
      .totals()
      .map(({ folder, totals }) => ({ totals, ledger: this.#ledgerOf(folder) }));
    return { status: this.#replayer.status(), replayed };
  }

  /** Ends a running job after its present batch. */
  drain(): void {
    this.#replayer.drain();
  }

  /** Ends a running job at once: the records of its present batch stay parked. */
  abort(): void {
    this.#replayer.abort();
  }

  /** Resolves when no job runs. */
  ended(): Promise<void> {
    return this.#replayer.ended();
  }

  async close(): Promise<void> {
    this.drain();
    await this.ended();
    await this.#parkedFiles.close();
  }

  #ledgerOf(folder: string): ReplayedFolder['ledger'] {
    if (isFolderOfLog(folder)) return 'log';
    return folder === this.#kinesisFolder ? 'kinesis' : 'other';
  }
}

/**
 * Reads where a folder of the dead letter ended when its reader last saved a checkpoint file; `undefined` for a reader
 * without one.
 */
function savedEndReader(checkpoints: string): (folder: string) => Promise<DeadLetterEnd | undefined> {
  const durable = new Map<string, string>();
  return async (folder) => {
    const reader = folder === '' ? CONSUMER_READER : folder;
    const end = (await new FileCheckpointStore(checkpoints, reader).load())?.deadLetterEnd;
    if (end === undefined) return undefined;
    const text = `${end.file}:${end.bytes}`;
    // Another thread has replaced the file, and its name may not be durable yet.
    if (durable.get(folder) !== text) await syncDirectory(checkpoints);
    durable.set(folder, text);
    return end;
  };
}
