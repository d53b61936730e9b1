import { setImmediate as nextTurn } from 'node:timers/promises';
import type { DeadLetterWriter } from '../dead-letter/dead-letter-writer.js';
import { isOutOfRoom, type KeepingParts, Parking } from '../dead-letter/parking.js';
import type { ReasonsWriter } from '../dead-letter/reasons-writer.js';
import { CheckpointSaver } from '../ledger/checkpoint-saver.js';
import type { CheckpointStore } from '../ledger/checkpoint-store.js';
import type { Ledger } from '../ledger/ledger.js';
import { type PartitionChanges, PartitionStates } from '../ledger/partition-states.js';
import type { StateJournal } from '../ledger/state-journal.js';
import type { Clock } from '../lib/clock.js';
import { errorText, SluiceError } from '../lib/errors.js';
import { LatencyHistogram } from '../lib/latency-histogram.js';
import { SerialQueue } from '../lib/serial-queue.js';
import type { StateTables } from '../lib/state-tables.js';
import type { Warn } from '../lib/warnings.js';
import type { Point } from '../sink/point.js';
import type { Rejection, Sink } from '../sink/sink.js';
import type { RecordTrace } from '../stream/record-trace.js';
import type { Position, ReadLimits, RecordBatch, StreamReader } from '../stream/stream.js';
import type { ArrivalWatch } from './arrival-watch.js';
import type { BatchArrivals } from './batch-arrivals.js';
import { oldestOf, recordsOf } from './batch-records.js';
import { BatchTrace } from './batch-trace.js';
import type { ConsumerProgress } from './consumer-progress.js';
import {
  type Apply,
  type PreparedBatch,
  parkRejected,
  prepareBatchBySlices,
  type RejectedSource,
  recordOutcomes,
} from './prepare-batch.js';
import { swapBetweenBatches } from './swap-between-batches.js';
import type { UnreadableTopics } from './unreadable-topics.js';

export interface ConsumerOptions {
  readonly maxBatchRecords: number;
  readonly maxBatchBytes: number;
  readonly lingerMs: number;
  readonly checkpointIntervalMs: number;
}

/** How long a swap of the rules waits for the present batch, while the store does not take it. */
const SWAP_WITHIN_MS = 10_000;

export interface ConsumerDeps {
  readonly reader: StreamReader;
  readonly apply: Apply;
  /** What mapping remembers, as of the last batch that was mapped; when absent, nothing from before. */
  readonly states?: PartitionStates;
  /** Where it is kept; absent: a start begins with nothing. */
  readonly journal?: StateJournal | undefined;
  readonly sink: Pick<Sink, 'write'>;
  readonly deadLetter: DeadLetterWriter;
  /** How payloads are given up when devices fill the dead letter; absent: records wait. */
  readonly keeping?: KeepingParts & { readonly reasons: ReasonsWriter };
  readonly checkpoints: CheckpointStore;
  readonly ledger: Ledger;
  /** Gets each batch that is completed; absent: nobody asks which topics are parked now. */
  readonly unreadable?: Pick<UnreadableTopics, 'note'>;
  readonly clock: Clock;
  /** Where the reader starts. */
  readonly position: Position;
  /** Called with each batch that has been processed, before its checkpoint is made. */
  readonly onCompleted?: (batch: RecordBatch) => void;
  /** Called after each batch that has been processed. */
  readonly onProgress: () => void;
  /** Called after each durable checkpoint: this reader no longer needs what lies before it. */
  readonly onCheckpoint: (position: Position) => void;
  readonly warn: Warn;
  /** Absent: no record is followed. */
  readonly trace?: RecordTrace;
  /** Asked once with each batch whether somebody watches what arrives. */
  readonly arrivals?: ArrivalWatch;
}

/**
 * Takes batches from a stream, decides the outcome of each record and saves its position. Invariants:
 * 1. The position moves only over records that are written, filtered, or parked on disk.
 * 2. Position, ledger, end of the dead letter and what mapping remembers are saved together: after a crash all of them fit.
 * 3. Batches are completed in stream order; one is prepared while the one before is being written.
 * 4. A checkpoint lies between the last record that the old rules have mapped and the first one of the new rules.
 */
export class Consumer {
  readonly #options: ConsumerOptions;
  readonly #deps: ConsumerDeps;
  readonly #stopWaiting = new AbortController();
  readonly #giveUp = new AbortController();
  readonly #parking: Parking;
  readonly #saver: CheckpointSaver;
  readonly #trace: BatchTrace | undefined;
  /** Each batch is mapped as a task of this queue; a swap of the rules is one between two. */
  readonly #batches = new SerialQueue();
  readonly #states: PartitionStates;
  #apply: ConsumerDeps['apply'];
  #position: Position;
  #recordsRead = 0;
  #pointsMade = 0;
  #busyMs = 0;
  #pointsInFlight = 0;
  readonly #latency = new LatencyHistogram();
  readonly #writeTimes = new LatencyHistogram();
  /** Batches read and not completed, oldest first; at most two. */
  readonly #pending: RecordBatch[] = [];
  #completing: Promise<void> = Promise.resolve();
  #failure: unknown;

  constructor(options: ConsumerOptions, deps: ConsumerDeps) {
    this.#options = options;
    this.#deps = deps;
    this.#position = deps.position;
    this.#states = deps.states ?? new PartitionStates();
    this.#trace = deps.trace && new BatchTrace(deps.trace, deps.clock);
    this.#apply = this.#traced(deps.apply);
    // Once the end in the new file is saved, the file before may be deleted as soon as all in it is replayed or purged.
    this.#parking = new Parking({ ...deps, onFull: () => this.#noteCheckpoint() });
    this.#saver = new CheckpointSaver({
      checkpoints: deps.checkpoints,
      clock: deps.clock,
      intervalMs: options.checkpointIntervalMs,
      onCheckpoint: deps.onCheckpoint,
      onFailure: (thrown) => this.#fail(thrown),
      warn: deps.warn,
    });
  }

  /** True while every record that was read is processed. */
  get isIdle(): boolean {
    return this.#pending.length === 0;
  }

  /** Receive time of the oldest record read and not yet processed, ns; undefined: there is none. */
  get oldestPendingNs(): bigint | undefined {
    const [oldest] = this.#pending;
    return oldest && oldestOf(oldest);
  }

  progress(): ConsumerProgress {
    const { blockedBy } = this.#parking;
    return {
      position: this.#position,
      ledger: this.#deps.ledger.totals(),
      recordsRead: this.#recordsRead,
      pointsMade: this.#pointsMade,
      latency: this.#latency.snapshot(),
      busyMs: this.#busyMs,
      recordsInFlight: this.#pending.reduce((sum, batch) => sum + recordsOf(batch), 0),
      pointsInFlight: this.#pointsInFlight,
      writeTimes: this.#writeTimes.snapshot(),
      oldestPendingNs: this.oldestPendingNs,
      blockedBy,
    };
  }

  /**
   * Runs until `drain` or `abort`. Resolves when everything up to the position is processed and checkpointed.
   * Rejects when the stream, the dead letter or the checkpoint cannot be used: the process should stop.
   */
  async run(): Promise<void> {
    try {
      // Saved before the first record, so that the dead letter always has an end to go back to.
      this.#noteCheckpoint();
      await this.#saver.saveFirst(this.#giveUp.signal);
      for (;;) {
        const batch = await this.#next();
        if (batch === undefined) break;
        this.#recordsRead += recordsOf(batch);
        this.#pending.push(batch);
        await this.#batches.run(() => this.#process(batch));
        if (this.#failure !== undefined) break;
      }
      await this.#completing;
    } finally {
      await this.#saver.stop();
    }
    if (this.#failure !== undefined && !isAbort(this.#failure)) throw this.#failure;
    await this.#saver.saveAtEnd();
  }

  /** Saves the newest checkpoint without waiting for the interval. Rejects with CHECKPOINT_FAILED or a retryable error. */
  saveCheckpoint(): Promise<void> {
    return this.#saver.save();
  }

  /**
   * Maps every record that is not mapped yet by `apply`. Between the last batch of the old rules and the first of the new ones
   * `changeState` is called, which may drop what only the old rules remember. Rejects with RELOAD_FAILED when what is mapped
   * already cannot be completed and saved: nothing has changed then.
   */
  async swapRules(
    apply: ConsumerDeps['apply'],
    changeState: (states: readonly StateTables[]) => void = () => undefined,
  ): Promise<void> {
    const swap = () => {
      changeState(this.#states.all());
      this.#apply = this.#traced(apply);
    };
    const outcome = await swapBetweenBatches(
      this.#batches,
      { complete: () => this.#saveMapped(), swap },
      SWAP_WITHIN_MS,
    );
    if (outcome === 'done') return;
    const cause =
      this.#parking.blockedBy ?? 'the store has not taken its points, or the checkpoint is not saved';
    throw new SluiceError(
      'RELOAD_FAILED',
      `the present batch was not completed within ${SWAP_WITHIN_MS / 1_000} s: ${cause}`,
    );
  }

  /** Lets `run` go on until the stream has nothing more. */
  drain(): void {
    this.#stopWaiting.abort();
  }

  /** Gives up at once what is not yet completed: it stays in the stream. */
  abort(): void {
    this.#stopWaiting.abort();
    this.#giveUp.abort();
  }

  async #next(): Promise<RecordBatch | undefined> {
    const limits: ReadLimits = {
      maxRecords: this.#options.maxBatchRecords,
      maxBytes: this.#options.maxBatchBytes,
      lingerMs: this.#options.lingerMs,
      whenEmpty: 'wait',
    };
    if (!this.#stopWaiting.signal.aborted) {
      const batch = await this.#deps.reader.next(limits, this.#stopWaiting.signal);
      if (batch !== undefined) return batch;
    }
    if (this.#failure !== undefined) return undefined;
    return this.#deps.reader.next({ ...limits, lingerMs: 0, whenEmpty: 'return' }, this.#giveUp.signal);
  }

  /** Maps a batch while the one before is being written. */
  async #process(batch: RecordBatch): Promise<void> {
    const startedMs = this.#deps.clock.monotonicMs();
    const startedNs = this.#deps.clock.nowNs();
    const { journal } = this.#deps;
    const states = this.#states;
    const arrivals = this.#deps.arrivals?.begin();
    const turns = prepareBatchBySlices(
      batch,
      arrivals?.noting(this.#apply) ?? this.#apply,
      (partition) => states.of(partition),
      this.#nowMs(),
    );
    let turn = turns.next();
    for (; !turn.done; turn = turns.next()) await nextTurn();
    const prepared = turn.value;
    // What the journal is to have once this batch is completed; the next batch changes the state before that.
    const isAll = journal?.wantsAll === true;
    const changed = isAll ? states.takeAll() : states.takeChanges();
    this.#busyMs += this.#deps.clock.monotonicMs() - startedMs;
    this.#trace?.decided(batch, startedNs);
    arrivals?.mapped();
    this.#pointsMade += prepared.points.length;
    await this.#completing;
    if (this.#failure === undefined)
      this.#completing = this.#complete(prepared, { changed, isAll }, arrivals);
  }

  async #saveMapped(): Promise<void> {
    await this.#completing;
    if (this.#stopWaiting.signal.aborted) throw new SluiceError('RELOAD_FAILED', 'the gateway is stopping');
    try {
      await this.#saver.save();
    } catch (thrown) {
      throw new SluiceError('RELOAD_FAILED', `the checkpoint cannot be saved: ${errorText(thrown)}`, {
        cause: thrown,
      });
    }
  }

  #traced(apply: ConsumerDeps['apply']): ConsumerDeps['apply'] {
    return this.#trace?.noting(apply) ?? apply;
  }

  /** Never rejects: a failure is kept, and ends the loop. */
  async #complete(
    prepared: PreparedBatch,
    state: ChangedState,
    arrivals: BatchArrivals | undefined,
  ): Promise<void> {
    const startedNs = this.#deps.clock.nowNs();
    let rejected: readonly RejectedSource[];
    try {
      const rejections = prepared.points.length === 0 ? [] : await this.#write(prepared.points);
      rejected = rejections.length === 0 ? [] : parkRejected(prepared, rejections, this.#nowMs());
      const parked = prepared.parts.flatMap((part) => part.parked);
      const all = [...parked, ...rejected.map((source) => source.parked)];
      const notKept = await this.#parking.park(all, this.#giveUp.signal);
      recordOutcomes(this.#deps.ledger, prepared, rejected, notKept);
      this.#deps.unreadable?.note(prepared, rejected);
    } catch (thrown) {
      this.#fail(thrown);
      return;
    }
    this.#observe(prepared.batch);
    this.#trace?.completed(prepared.batch, startedNs, rejected);
    arrivals?.completed(rejected);
    this.#position = prepared.batch.position;
    if (state.isAll) this.#deps.journal?.appendAll(state.changed);
    else this.#deps.journal?.append(state.changed);
    this.#pending.shift();
    this.#deps.onCompleted?.(prepared.batch);
    prepared.batch.release();
    this.#noteCheckpoint();
    this.#deps.onProgress();
  }

  async #write(points: readonly Point[]): Promise<readonly Rejection[]> {
    const { sink, clock } = this.#deps;
    const startedMs = clock.monotonicMs();
    this.#pointsInFlight = points.length;
    try {
      return await sink.write(points, this.#giveUp.signal);
    } finally {
      this.#pointsInFlight = 0;
      this.#writeTimes.observe(clock.monotonicMs() - startedMs, 1);
    }
  }

  #observe(batch: RecordBatch): void {
    const oldestNs = oldestOf(batch);
    if (oldestNs === undefined) return;
    this.#latency.observe(Number(this.#deps.clock.nowNs() - oldestNs) / 1e6, recordsOf(batch));
  }

  #noteCheckpoint(): void {
    this.#saver.update({
      position: this.#position,
      ledger: this.#deps.ledger.totals(),
      deadLetterEnd: this.#deps.deadLetter.end,
      reasonsEnd: this.#deps.keeping?.reasons.end,
      stateEnd: this.#deps.journal?.end,
      partitions: this.#deps.ledger.partitions(),
    });
  }

  #fail(thrown: unknown): void {
    this.#failure ??= thrown;
    this.#stopWaiting.abort();
  }

  #nowMs(): number {
    return Number(this.#deps.clock.nowNs() / 1_000_000n);
  }
}

/** What a batch has changed, or everything that is known behind it. */
interface ChangedState {
  readonly changed: readonly PartitionChanges[];
  readonly isAll: boolean;
}

function isAbort(thrown: unknown): boolean {
  return isOutOfRoom(thrown) || (thrown instanceof SluiceError && thrown.code === 'SINK_ABORTED');
}
