import type { ParkedRecord } from '../dead-letter/parked-record.js';
import type { JournalEntry, ReplayOutcome } from '../dead-letter/replay-journal.js';
import { UNREADABLE } from '../dead-letter/replay-totals.js';
import type { Clock } from '../lib/clock.js';
import { errorText, SluiceError } from '../lib/errors.js';
import { TimeSlice } from '../lib/time-slice.js';
import { pause } from '../lib/timers.js';
import type { Warn } from '../lib/warnings.js';
import type { Sink } from '../sink/sink.js';
import type { ParkedFile, ParkedFiles, PendingRecord, ReplayableSpan } from './parked-files.js';
import { ReplayJob } from './replay-job.js';
import type { FinishedReplay, ReplayKind, ReplayStatus } from './replay-status.js';
import { previewParked, type ReplayMapping, reprocessParked } from './reprocess-parked.js';
import { matcherOf, type ParkedSelection } from './selection.js';

/** What a replay needs to process records. */
export interface ReplayStore {
  /** A job uses the rules that are in force when it begins until it ends, also when a reload replaces them meanwhile. */
  readonly rulesInForce: () => ReplayMapping;
  readonly sink: Pick<Sink, 'write' | 'status'>;
  /** Called with the records of each batch that are written or filtered now. */
  readonly onReplayed?: (records: readonly ParkedRecord[]) => void;
}

export interface ReplayerOptions {
  /**
   * How long a job waits for a checkpoint that covers the newest parked records, without the time that `saveCheckpoint`
   * takes; it omits those that none covers then.
   */
  readonly checkpointWaitMs: number;
}

export interface ReplayerDeps {
  readonly parkedFiles: ParkedFiles;
  /** Saves a checkpoint of the reader of this thread, if it has one. Others save theirs in their own time. */
  readonly saveCheckpoint?: () => Promise<void>;
  /** Absent in a process without a store: only a purge is possible there. */
  readonly store?: ReplayStore;
  readonly clock: Clock;
  /** Called after each batch and at the end of a job. */
  readonly onProgress: () => void;
  /** Called after parked files were removed. */
  readonly onFreed: () => Promise<void>;
  readonly warn: Warn;
}

export interface JobRequest {
  readonly kind: ReplayKind;
  readonly selection: ParkedSelection;
  readonly dryRun?: boolean;
}

const BATCH_RECORDS = 1_000;
const BATCH_BYTES = 8 * 1024 * 1024;
const CHECKPOINT_POLL_MS = 50;
const SWEEP_INTERVAL_MS = 1_000;
/** So many jobs that have ended are remembered. */
const MAX_FINISHED = 20;

/**
 * Replays and purges parked records, one job at a time. Invariants:
 * 1. The journal has the new outcome of a record only after its points are in the store.
 * 2. A job processes each record that was parked when it began once; it does not take one again that it has parked again.
 * 3. A batch is recorded as a whole. A stop or crash before that leaves its records parked, and replaying them again is
 *    harmless.
 */
export class Replayer {
  readonly #options: ReplayerOptions;
  readonly #deps: ReplayerDeps;
  readonly #abort = new AbortController();
  readonly #sweepTimer: NodeJS.Timeout;
  #job: ReplayJob | undefined;
  /** The rules of the last job; absent without a store. */
  #mapping: ReplayMapping | undefined;
  #running: Promise<void> = Promise.resolve();
  #isStopping = false;
  readonly #finished: FinishedReplay[] = [];

  constructor(options: ReplayerOptions, deps: ReplayerDeps) {
    this.#options = options;
    this.#deps = deps;
    // A file that is still appended to when its last record is replayed can be removed only later.
    this.#sweepTimer = setInterval(() => void this.sweep(), SWEEP_INTERVAL_MS).unref();
  }

  /** The status of the last job; absent before the first. */
  status(): ReplayStatus | undefined {
    return this.#job && this.#statusOf(this.#job);
  }

  /** The last jobs that have ended, newest first; previews are not among them. */
  finished(): readonly FinishedReplay[] {
    return this.#finished;
  }

  /**
   * Begins a job and returns its first status. Throws DEAD_LETTER_BUSY while another one runs, REPLAY_UNSUPPORTED without
   * a store.
   */
  start({ kind, selection, dryRun = false }: JobRequest): ReplayStatus {
    if (kind === 'replay' && this.#deps.store === undefined) {
      throw new SluiceError(
        'REPLAY_UNSUPPORTED',
        'this process only forwards to Kinesis and has no store to replay into; purge works here',
      );
    }
    if (this.#isStopping) throw new SluiceError('DEAD_LETTER_BUSY', 'the gateway is stopping');
    if (this.#job?.isRunning) {
      throw new SluiceError(
        'DEAD_LETTER_BUSY',
        `a ${this.#job.kind} is running; only one can run at a time, try again when it is done`,
      );
    }
    const job = new ReplayJob(kind, dryRun, this.#nowMs());
    this.#job = job;
    this.#mapping = this.#deps.store?.rulesInForce();
    this.#running = this.#run(job, selection);
    return this.#statusOf(job);
  }

  /** Ends a running job after its present batch. */
  drain(): void {
    this.#isStopping = true;
    clearInterval(this.#sweepTimer);
  }

  /** Ends a running job at once: the records of its present batch stay parked. */
  abort(): void {
    this.drain();
    this.#abort.abort();
  }

  /** Resolves when no job runs. */
  async ended(): Promise<void> {
    await this.#running;
  }

  /** Removes files without a parked record. A failure is only logged: it is tried again every second. */
  async sweep(): Promise<void> {
    const { parkedFiles, onFreed, warn } = this.#deps;
    try {
      if (await parkedFiles.sweep()) await onFreed();
    } catch (thrown) {
      const code = thrown instanceof SluiceError ? thrown.code : 'DEAD_LETTER_FAILED';
      warn({ code, reason: errorText(thrown) }, 'parked files without a parked record could not be removed');
    }
  }

  /** Never rejects: the status of a failed job has the reason, and the records stay parked. */
  async #run(job: ReplayJob, selection: ParkedSelection): Promise<void> {
    const { parkedFiles, onProgress } = this.#deps;
    try {
      await this.#waitForCheckpoint(job);
      const spans = await parkedFiles.spans();
      const matches = matcherOf(selection);
      for (const span of spans) await this.#countSelected(job, span, matches);
      for (const span of spans) {
        await this.#processSpan(job, span, matches);
        // At once: on a full disk the next file needs the room.
        if (!job.dryRun) await this.sweep();
      }
      if (job.kind === 'purge' && isForAll(selection)) {
        for (const span of spans) await this.#giveUpUnreadable(job, span);
      }
      await this.sweep();
      job.end(this.#isStopping ? 'stopped' : 'done');
    } catch (thrown) {
      this.#fail(job, thrown);
    }
    this.#noteFinished(job, selection);
    onProgress();
  }

  #noteFinished(job: ReplayJob, { ids, ...selection }: ParkedSelection): void {
    if (job.dryRun) return;
    this.#finished.unshift({
      status: this.#statusOf(job),
      endedAtMs: this.#nowMs(),
      selection: ids === undefined ? selection : { ...selection, ids: ids.length },
    });
    this.#finished.splice(MAX_FINISHED);
  }

  async #waitForCheckpoint(job: ReplayJob): Promise<void> {
    const { parkedFiles } = this.#deps;
    const ends = await parkedFiles.ends();
    // Not by the clock: on a slow disk a single checkpoint can take longer than the whole wait.
    for (let waitedMs = 0; waitedMs < this.#options.checkpointWaitMs; waitedMs += CHECKPOINT_POLL_MS) {
      if (this.#isStopping || (await parkedFiles.isReplayable(ends))) break;
      job.waitFor('the next checkpoint: records parked since the last one would come again after a crash');
      await this.#saveCheckpoint();
      await pause(CHECKPOINT_POLL_MS);
    }
    job.waitFor(undefined);
  }

  /** The reader itself logs what keeps its checkpoint from being saved, and tries again. */
  async #saveCheckpoint(): Promise<void> {
    try {
      await this.#deps.saveCheckpoint?.();
    } catch (thrown) {
      if (!(thrown instanceof SluiceError) || !thrown.retryable) throw thrown;
    }
  }

  async #countSelected(
    job: ReplayJob,
    span: ReplayableSpan,
    matches: (parked: ParkedRecord) => boolean,
  ): Promise<void> {
    const file = this.#isStopping ? undefined : await this.#deps.parkedFiles.openSpan(span);
    if (file === undefined) return;
    const slice = new TimeSlice();
    job.addUnreadable(file.unreadable().length);
    for (const { parked } of file.pending()) {
      if (this.#isStopping) return;
      if (!matches(parked)) continue;
      if (isReplayable(job, parked)) job.addSelected();
      else job.addWithoutPayload();
      if (slice.isOver) await slice.yield();
    }
  }

  async #processSpan(
    job: ReplayJob,
    span: ReplayableSpan,
    matches: (parked: ParkedRecord) => boolean,
  ): Promise<void> {
    const file = this.#isStopping ? undefined : await this.#deps.parkedFiles.openSpan(span);
    if (file === undefined) return;
    let batch: PendingRecord[] = [];
    let bytes = 0;
    const slice = new TimeSlice();
    for (const pending of file.pending()) {
      if (slice.isOver) await slice.yield();
      if (this.#isStopping) return;
      if (!matches(pending.parked) || !isReplayable(job, pending.parked)) continue;
      batch.push(pending);
      bytes += pending.parked.payload.length;
      if (batch.length < BATCH_RECORDS && bytes < BATCH_BYTES) continue;
      await this.#processBatch(job, file, batch);
      batch = [];
      bytes = 0;
    }
    await this.#processBatch(job, file, batch);
  }

  /** Lines that cannot be read get their end in the journal, so that their file can be removed. */
  async #giveUpUnreadable(job: ReplayJob, span: ReplayableSpan): Promise<void> {
    const file = this.#isStopping || job.dryRun ? undefined : await this.#deps.parkedFiles.openSpan(span);
    if (file === undefined) return;
    const outcome: ReplayOutcome = { to: 'purged' };
    const replayedAtMs = this.#nowMs();
    await file.record(
      file.unreadable().map((at) => ({ at, id: '0', from: UNREADABLE, replayedAtMs, outcome })),
    );
  }

  async #processBatch(job: ReplayJob, file: ParkedFile, batch: readonly PendingRecord[]): Promise<void> {
    if (batch.length === 0 || this.#isStopping) return;
    const records = batch.map(({ parked }) => parked);
    const outcomes = await this.#outcomesOf(job, records);
    if (!job.dryRun) await file.record(entriesOf(batch, outcomes, this.#nowMs()));
    job.addOutcomes(outcomes);
    const isReplayed = (to: ReplayOutcome['to']) => !job.dryRun && (to === 'written' || to === 'filtered');
    this.#deps.store?.onReplayed?.(records.filter((_, nth) => isReplayed(outcomes[nth]!.to)));
    this.#deps.onProgress();
  }

  async #outcomesOf({ kind, dryRun }: ReplayJob, records: readonly ParkedRecord[]): Promise<ReplayOutcome[]> {
    const { store } = this.#deps;
    const mapping = this.#mapping;
    if (kind === 'purge' || store === undefined || mapping === undefined) {
      return records.map(() => ({ to: 'purged' }));
    }
    if (dryRun) return previewParked(records, mapping, this.#nowMs());
    return reprocessParked(records, mapping, store.sink, this.#nowMs(), this.#abort.signal);
  }

  #fail(job: ReplayJob, thrown: unknown): void {
    if (thrown instanceof SluiceError && thrown.code === 'SINK_ABORTED') {
      job.end('stopped');
      return;
    }
    job.end('failed', errorText(thrown));
    const code = thrown instanceof SluiceError ? thrown.code : 'WORKER_FAILED';
    this.#deps.warn({ code, reason: errorText(thrown) }, `a ${job.kind} of parked records has failed`);
  }

  #statusOf(job: ReplayJob): ReplayStatus {
    return job.status(this.#deps.store?.sink.status());
  }

  #nowMs(): number {
    return Number(this.#deps.clock.nowNs() / 1_000_000n);
  }
}

/** Only a purge can do something with a record whose payload is not kept. */
function isReplayable({ kind }: ReplayJob, { bytesNotKept }: ParkedRecord): boolean {
  return kind === 'purge' || bytesNotKept === undefined;
}

/** A line that cannot be read meets no other condition. */
function isForAll({ all, ...conditions }: ParkedSelection): boolean {
  return all === true && Object.values(conditions).every((condition) => condition === undefined);
}

/** The journal entries of a batch. A record that is parked again for the same reason has none, so that tries do not add up. */
function entriesOf(
  batch: readonly PendingRecord[],
  outcomes: readonly ReplayOutcome[],
  replayedAtMs: number,
): JournalEntry[] {
  const entries: JournalEntry[] = [];
  for (const [i, { at, parked }] of batch.entries()) {
    const outcome = outcomes[i]!;
    if (!isAsBefore(parked, outcome))
      entries.push({ at, id: parked.id, from: parked.code, replayedAtMs, outcome });
  }
  return entries;
}

function isAsBefore({ code, reason, rule, refusedPoints }: ParkedRecord, outcome: ReplayOutcome): boolean {
  if (outcome.to !== 'parked') return false;
  return (
    outcome.code === code &&
    outcome.reason === reason &&
    outcome.rule === rule &&
    JSON.stringify(outcome.refusedPoints) === JSON.stringify(refusedPoints)
  );
}
