/*
 * The map of this room, in reading order. A record that cannot be written is parked: it is a line in a file of the dead
 * letter. Replay processes such records again by the rules in force; purge deletes them.
 *
 * 1. List.    `listParked` (../dead-letter/dead-letter-reader.ts) reads the parked records, without any that are no longer
 *             parked.
 * 2. Select.  A `ParkedSelection` (selection.ts) says which of them a replay or purge is about. It comes from the HTTP API,
 *             or from a command: through the socket of a running gateway (../control), or, without a gateway,
 *             from the command's own process (../commands/run-replay.ts). Both end here, at the ReplayService.
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

import { isFolderOfLog, isReasonsFolder, readerFolder } from '../dead-letter/dead-letter-files.js';
import type { DeadLetterEnd } from '../dead-letter/dead-letter-writer.js';
import type { RecordPlace } from '../dead-letter/parked-group.js';
import { type Counts, type ReplayTotals, sumOfTotals, UNREADABLE } from '../dead-letter/replay-totals.js';
import type { SenderBytes } from '../dead-letter/sender-bytes.js';
import type { ReplayedFolder } from '../ledger/adjust-for-replay.js';
import {
  type Checkpoint,
  CONSUMER_READER,
  FileCheckpointStore,
  readAllCheckpoints,
} from '../ledger/checkpoint-store.js';
import { syncDirectory } from '../lib/sync-directory.js';
import type { ExplanationJson } from '../rules/explain-record.js';
import { compareWithLedger, type UnreadableRecords } from './compare-with-ledger.js';
import { ParkedFiles } from './parked-files.js';
import type { FinishedReplay, ReplayStatus } from './replay-status.js';
import { type JobRequest, Replayer, type ReplayerDeps, type ReplayerOptions } from './replayer.js';
import type { TriedRecord } from './try-parked.js';

/** Added to the interval between checkpoints, as a checkpoint takes time to be written. */
export const CHECKPOINT_GRACE_MS = 1_000;

export interface ReplayServiceOptions
  extends ReplayerOptions,
    Omit<ReplayerDeps, 'parkedFiles' | 'saveCheckpoint'> {
  /** The folder of the dead letter, and that of the checkpoints. */
  readonly deadLetter: string;
  readonly checkpoints: string;
  /** The folder of this process' Kinesis consumer inside the dead letter. */
  readonly kinesisFolder?: string;
  /** To be filled with how many bytes each client has in the parked files of one folder. */
  readonly senders?: { readonly folder: string; readonly bytes: SenderBytes };
}

/** What the main thread asks the worker that replays and purges. */
export type ReplayRequest =
  /** Answered with the first status of the job, or refused with DEAD_LETTER_BUSY or REPLAY_UNSUPPORTED. */
  | JobRequest
  /**
   * How the rules in force map a parked record; answered with `undefined` when no record has this id. `after` is its
   * cursor (see `scanParked`), so that this thread need not search for it.
   */
  | { readonly kind: 'explain'; readonly id: string; readonly after?: string }
  /** What would become of some parked records; answered as by `tryParked`. */
  | { readonly kind: 'try'; readonly places: readonly RecordPlace[] };
export type ReplayAnswer = ReplayStatus | ExplanationJson | readonly (TriedRecord | undefined)[] | undefined;

/** What that worker reports. */
export interface ReplayReport {
  /** The status of the last job; absent before the first. */
  readonly status?: ReplayStatus;
  /** The last jobs that have ended, newest first; absent before the first. */
  readonly finished?: readonly FinishedReplay[];
  /** What replay and purge have changed so far, by folder of the dead letter. */
  readonly replayed: readonly ReplayedFolder[];
}

interface ReplayServiceParts {
  readonly options: ReplayServiceOptions;
  readonly parkedFiles: ParkedFiles;
  readonly ownEnds: Map<string, DeadLetterEnd>;
  /** What the checkpoint files said before any reader of this process went on. */
  readonly saved: ReadonlyMap<string, Checkpoint>;
}

/** A reader of the stream that parks records on this thread. */
export interface CheckpointingReader {
  /** Resolves when the newest checkpoint is durable. Rejects with CHECKPOINT_FAILED or a retryable error. */
  saveCheckpoint(): Promise<void>;
}

/** Replay and purge in one process: it takes jobs, and knows what all of them have changed. */
export class ReplayService {
  readonly #parts: ReplayServiceParts;
  readonly #replayer: Replayer;
  #reader: CheckpointingReader | undefined;
  readonly #stopInspecting = new AbortController();
  #inspecting: Promise<void> | undefined;
  #unreadable: UnreadableRecords = { first: new Map(), again: new Map() };

  private constructor(parts: ReplayServiceParts) {
    this.#parts = parts;
    const { options, parkedFiles } = parts;
    this.#replayer = new Replayer(options, {
      ...options,
      parkedFiles,
      saveCheckpoint: async () => this.#reader?.saveCheckpoint(),
    });
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
    const saved = await readAllCheckpoints(options.checkpoints);
    return new ReplayService({ options, parkedFiles, ownEnds, saved });
  }

  /**
   * Reads all parked files and compares them with the ledger, at the first call. That takes seconds when there are many, so
   * that a start must not wait for it; a reader that parks records must, because their quotas need the bytes of each
   * client. Resolves also when it is ended early. Rejects with DEAD_LETTER_FAILED.
   */
  inspected(): Promise<void> {
    this.#inspecting ??= this.#inspect();
    return this.#inspecting;
  }

  /**
   * The reader of this thread has saved a checkpoint with this end of its dead letter. Needed for checkpoints that are not
   * in files; for those in files it saves reading them.
   */
  noteSaved(folder: string, end: DeadLetterEnd): void {
    this.#parts.ownEnds.set(folder, end);
  }

  /** From now on a job lets this reader save a checkpoint, and does not wait for its next one. */
  noteReader(reader: CheckpointingReader): void {
    this.#reader = reader;
  }

  /** Begins a job and returns its first status. Throws DEAD_LETTER_BUSY or REPLAY_UNSUPPORTED. */
  start(request: JobRequest): ReplayStatus {
    return this.#replayer.start(request);
  }

  report(): ReplayReport {
    const { parkedFiles } = this.#parts;
    const unreadable = this.#unreadable;
    const folders: ReplayedFolder[] = [];
    for (const { folder, totals: counted } of parkedFiles.totals()) {
      const totals = withUnreadable(counted, unreadable.again.get(folder));
      const ledger = this.#ledgerOf(folder);
      if (!isReasonsFolder(folder)) folders.push({ totals, ledger });
      // Nothing but a purge changes these.
      else if (Object.keys(totals.purged).length > 0)
        folders.push({ totals, ledger, isWithoutPayload: true });
    }
    const missing = [...unreadable.first].map(([reader, counts]) => ({
      totals: NOTHING_REPLAYED,
      ledger: this.#ledgerOf(reader),
      unreadable: counts,
    }));
    return {
      status: this.#replayer.status(),
      finished: this.#replayer.finished(),
      replayed: [...folders, ...missing],
    };
  }

  /**
   * Drops the oldest parked file of a folder that has only records which devices cause. Resolves with how many records that
   * were.
   */
  async dropOldest(folder: string): Promise<number> {
    const records = await this.#parts.parkedFiles.dropOldest(folder);
    if (records > 0) await this.#parts.options.onFreed();
    return records;
  }

  /** Ends a running job after its present batch. */
  drain(): void {
    this.#stopInspecting.abort();
    this.#replayer.drain();
  }

  /** Ends a running job at once: the records of its present batch stay parked. */
  abort(): void {
    this.#stopInspecting.abort();
    this.#replayer.abort();
  }

  /** Resolves when no job runs. */
  ended(): Promise<void> {
    return this.#replayer.ended();
  }

  async close(): Promise<void> {
    this.drain();
    await this.ended();
    // Its failure is for those who wait for it.
    await this.#inspecting?.catch(() => undefined);
    await this.#parts.parkedFiles.close();
  }

  async #inspect(): Promise<void> {
    const { options, parkedFiles, saved } = this.#parts;
    const { senders, warn, onProgress } = options;
    const inspected = await parkedFiles.inspect(
      (folder) => ({
        end: savedEndOf(saved, folder),
        senders: folder === senders?.folder ? senders.bytes : undefined,
        warn,
      }),
      this.#stopInspecting.signal,
    );
    if (inspected === undefined) return;
    this.#unreadable = compareWithLedger(inspected, saved, warn);
    await this.#replayer.sweep();
    onProgress();
  }

  #ledgerOf(folder: string): ReplayedFolder['ledger'] {
    if (isFolderOfLog(folder)) return 'log';
    return readerFolder(folder) === this.#parts.options.kinesisFolder ? 'kinesis' : 'other';
  }
}

const NOTHING_REPLAYED = sumOfTotals([]);

function withUnreadable(totals: ReplayTotals, again: Counts | undefined): ReplayTotals {
  if (again === undefined) return totals;
  const parked: Record<string, number> = { ...totals.outcome.parked };
  for (const [code, count] of Object.entries(again)) {
    parked[code] = (parked[code] ?? 0) - count;
    parked[UNREADABLE] = (parked[UNREADABLE] ?? 0) + count;
  }
  return { ...totals, outcome: { ...totals.outcome, parked } };
}

/** Where a folder of the dead letter ended at the checkpoint of its reader; `undefined` for a reader without one. */
function savedEndOf(saved: ReadonlyMap<string, Checkpoint>, folder: string): DeadLetterEnd | undefined {
  const checkpoint = saved.get(readerOf(folder));
  return isReasonsFolder(folder) ? checkpoint?.reasonsEnd : checkpoint?.deadLetterEnd;
}

/** The name of the reader that parks in a folder. */
function readerOf(folder: string): string {
  const reader = readerFolder(folder);
  return reader === '' ? CONSUMER_READER : reader;
}

/**
 * Reads where a folder of the dead letter ended when its reader last saved a checkpoint file; `undefined` for a reader
 * without one.
 */
function savedEndReader(checkpoints: string): (folder: string) => Promise<DeadLetterEnd | undefined> {
  const durable = new Map<string, string>();
  return async (folder) => {
    const reader = readerOf(folder);
    const checkpoint = await new FileCheckpointStore(checkpoints, reader).load();
    const end = isReasonsFolder(folder) ? checkpoint?.reasonsEnd : checkpoint?.deadLetterEnd;
    if (end === undefined) return undefined;
    const text = `${end.file}:${end.bytes}`;
    // Another thread has replaced the file, and its name may not be durable yet.
    if (durable.get(folder) !== text) await syncDirectory(checkpoints);
    durable.set(folder, text);
    return end;
  };
}
