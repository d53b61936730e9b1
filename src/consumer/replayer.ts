import { setImmediate as nextTurn, setTimeout as pause } from 'node:timers/promises';
import type { Clock } from '../clock.js';
import type { ParkedRecord } from '../dead-letter/parked-record.js';
import { matcherOf, type ParkedSelection } from '../dead-letter/selection.js';
import type { SettledAs } from '../dead-letter/settled-journal.js';
import type { SettleableSpan, Settling } from '../dead-letter/settling.js';
import type { PlacedRecord, SettlingFile } from '../dead-letter/settling-file.js';
import type { SettlingKind, SettlingStatus } from '../dead-letter/settling-status.js';
import { errorText, SluiceError } from '../errors.js';
import type { Warn } from '../warnings.js';
import { foreseeParked, type ReplayStore, replayParked } from './decide-parked.js';
import { SettlingJob } from './settling-job.js';

export interface ReplayerOptions {
  /** How long a job waits for a checkpoint behind the newest parked records; what is not before one then is left. */
  readonly checkpointWaitMs: number;
}

export interface ReplayerDeps {
  readonly settling: Settling;
  /** Absent in a process without a store: only a purge is possible there. */
  readonly store?: ReplayStore;
  readonly clock: Clock;
  /** After each batch, and at the end of a job. */
  readonly onSettled: () => void;
  /** Parked files have gone. */
  readonly onFreed: () => Promise<void>;
  readonly warn: Warn;
}

export interface JobRequest {
  readonly kind: SettlingKind;
  readonly selection: ParkedSelection;
  readonly dryRun?: boolean;
}

const BATCH_RECORDS = 1_000;
const BATCH_BYTES = 8 * 1024 * 1024;
/** Reading parked records must not hold up the consumer on the same thread for longer. */
const SLICE_MS = 5;
const CHECKPOINT_POLL_MS = 50;
const SWEEP_INTERVAL_MS = 1_000;

/**
 * Replays and purges parked records, one job at a time. Invariants:
 * 1. A move is in the journal only after the points of the record are in the store.
 * 2. A job passes each record once, those that were parked when it began: one parked again is not taken again.
 * 3. Batches are settled whole: a stop or crash in between leaves records parked, and replaying them again is harmless.
 */
export class Replayer {
  readonly #options: ReplayerOptions;
  readonly #deps: ReplayerDeps;
  readonly #giveUp = new AbortController();
  readonly #sweeping: NodeJS.Timeout;
  #job: SettlingJob | undefined;
  #running: Promise<void> = Promise.resolve();
  #isStopping = false;

  constructor(options: ReplayerOptions, deps: ReplayerDeps) {
    this.#options = options;
    this.#deps = deps;
    // A file settled while it was appended to can go later, when that has ended.
    this.#sweeping = setInterval(() => this.#sweepUnasked(), SWEEP_INTERVAL_MS).unref();
  }

  /** Of the last job; absent before the first. */
  status(): SettlingStatus | undefined {
    return this.#job?.status(this.#deps.store?.sink.status());
  }

  /**
   * Begins a job and answers how it stands. Throws DEAD_LETTER_BUSY while another one runs, REPLAY_UNSUPPORTED without
   * a store.
   */
  start({ kind, selection, dryRun = false }: JobRequest): SettlingStatus {
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
        `a ${this.#job.kind} is running; one at a time, try again when it is done`,
      );
    }
    this.#job = new SettlingJob(kind, dryRun, this.#nowMs());
    this.#running = this.#run(this.#job, selection);
    return this.status()!;
  }

  /** Ends a running job at the end of its batch. */
  drain(): void {
    this.#isStopping = true;
    clearInterval(this.#sweeping);
  }

  /** Gives the batch under way up: its records stay parked. */
  abort(): void {
    this.drain();
    this.#giveUp.abort();
  }

  /** Resolves when no job runs. */
  async ended(): Promise<void> {
    await this.#running;
  }

  /** Never rejects: a job that fails says why, and records stay parked. */
  async #run(job: SettlingJob, selection: ParkedSelection): Promise<void> {
    try {
      await this.#untilCheckpoint(job);
      const { settling } = this.#deps;
      const spans = await settling.spans();
      const matches = matcherOf(selection);
      for (const span of spans) await this.#countSelected(job, span, matches);
      for (const span of spans) await this.#settleSpan(job, span, matches);
      if (await settling.sweep()) await this.#deps.onFreed();
      job.end(this.#isStopping ? 'stopped' : 'done');
    } catch (thrown) {
      this.#failed(job, thrown);
    }
    this.#deps.onSettled();
  }

  #failed(job: SettlingJob, thrown: unknown): void {
    if (thrown instanceof SluiceError && thrown.code === 'SINK_ABORTED') {
      job.end('stopped');
      return;
    }
    job.end('failed', errorText(thrown));
    const code = thrown instanceof SluiceError ? thrown.code : 'WORKER_FAILED';
    this.#deps.warn({ code, reason: errorText(thrown) }, `a ${job.kind} of parked records has failed`);
  }

  async #untilCheckpoint(job: SettlingJob): Promise<void> {
    const { settling } = this.#deps;
    const ends = await settling.ends();
    const untilMs = this.#deps.clock.monotonicMs() + this.#options.checkpointWaitMs;
    while (!this.#isStopping && !(await settling.isSettleable(ends))) {
      if (this.#deps.clock.monotonicMs() >= untilMs) break;
      job.waitFor('the next checkpoint: what was parked since the last one comes again after a crash');
      await pause(CHECKPOINT_POLL_MS);
    }
    job.waitFor(undefined);
  }

  async #countSelected(
    job: SettlingJob,
    span: SettleableSpan,
    matches: (parked: ParkedRecord) => boolean,
  ): Promise<void> {
    const file = this.#isStopping ? undefined : await this.#deps.settling.openSpan(span);
    if (file === undefined) return;
    const slice = new Slice();
    for (const { parked } of file.pending()) {
      if (this.#isStopping) return;
      if (matches(parked)) job.addSelected();
      await slice.end();
    }
  }

  async #settleSpan(
    job: SettlingJob,
    span: SettleableSpan,
    matches: (parked: ParkedRecord) => boolean,
  ): Promise<void> {
    const file = this.#isStopping ? undefined : await this.#deps.settling.openSpan(span);
    if (file === undefined) return;
    let batch: PlacedRecord[] = [];
    let bytes = 0;
    const slice = new Slice();
    for (const placed of file.pending()) {
      await slice.end();
      if (this.#isStopping) return;
      if (!matches(placed.parked)) continue;
      batch.push(placed);
      bytes += placed.parked.payload.length;
      if (batch.length < BATCH_RECORDS && bytes < BATCH_BYTES) continue;
      await this.#settleBatch(job, file, batch);
      batch = [];
      bytes = 0;
    }
    await this.#settleBatch(job, file, batch);
  }

  async #settleBatch(job: SettlingJob, file: SettlingFile, batch: readonly PlacedRecord[]): Promise<void> {
    if (batch.length === 0 || this.#isStopping) return;
    const fates = await this.#decide(job, batch);
    const settledAtMs = this.#nowMs();
    const moves = batch
      .map(({ at, parked }, i) => ({ at, parked, fate: fates[i]! }))
      .filter(({ parked, fate }) => !isAsBefore(parked, fate))
      .map(({ at, parked, fate }) => ({ at, id: parked.id, from: parked.code, settledAtMs, fate }));
    if (!job.dryRun) await file.settle(moves);
    job.addSettled(fates);
    this.#deps.onSettled();
  }

  async #decide({ kind, dryRun }: SettlingJob, batch: readonly PlacedRecord[]): Promise<SettledAs[]> {
    const { store } = this.#deps;
    if (kind === 'purge' || store === undefined) return batch.map(() => ({ to: 'purged' }));
    if (dryRun) return foreseeParked(batch, store.apply, this.#nowMs());
    return replayParked(batch, store, this.#nowMs(), this.#giveUp.signal);
  }

  #sweepUnasked(): void {
    const { settling, onFreed, warn } = this.#deps;
    settling
      .sweep()
      .then((hasRemoved) => (hasRemoved ? onFreed() : undefined))
      .catch((thrown: unknown) =>
        warn({ code: 'DEAD_LETTER_FAILED', reason: errorText(thrown) }, 'settled files could not be removed'),
      );
  }

  #nowMs(): number {
    return Number(this.#deps.clock.nowNs() / 1_000_000n);
  }
}

/** Parked again for the same reason: no move, and the journal does not grow with every try. */
function isAsBefore({ code, reason, rule, refusedPoints }: ParkedRecord, fate: SettledAs): boolean {
  if (fate.to !== 'parked') return false;
  return (
    fate.code === code &&
    fate.reason === reason &&
    fate.rule === rule &&
    JSON.stringify(fate.refusedPoints) === JSON.stringify(refusedPoints)
  );
}

/** Lets others on the thread have their turn when a slice of time is over. */
class Slice {
  #startedMs = performance.now();

  async end(): Promise<void> {
    if (performance.now() - this.#startedMs < SLICE_MS) return;
    await nextTurn();
    this.#startedMs = performance.now();
  }
}
