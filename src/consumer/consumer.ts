import { CheckpointSaver } from '../books/checkpoint-saver.js';
import type { CheckpointStore } from '../books/checkpoint-store.js';
import type { Ledger, LedgerTotals } from '../books/ledger.js';
import type { Clock } from '../clock.js';
import type { DeadLetterWriter } from '../dead-letter/dead-letter-writer.js';
import { Parking } from '../dead-letter/parking.js';
import { SluiceError } from '../errors.js';
import { type LatencyCounts, LatencyHistogram } from '../latency-histogram.js';
import type { RecordTrace } from '../record-trace.js';
import type { Point, Refusal, Sink } from '../sink/sink.js';
import type { Position, ReadLimits, RecordBatch, StreamReader, StreamRecord } from '../stream/stream.js';
import type { Warn } from '../warnings.js';
import { bookBatch } from './book-batch.js';
import { type PreparedBatch, parkRefused, prepareBatch } from './prepare-batch.js';
import type { Mapped } from './rules/mapped.js';

export interface ConsumerOptions {
  readonly maxBatchRecords: number;
  readonly maxBatchBytes: number;
  readonly lingerMs: number;
  readonly checkpointIntervalMs: number;
}

export interface ConsumerDeps {
  readonly reader: StreamReader;
  readonly apply: (record: StreamRecord) => Mapped;
  readonly sink: Pick<Sink, 'write'>;
  readonly deadLetter: DeadLetterWriter;
  readonly checkpoints: CheckpointStore;
  readonly ledger: Ledger;
  readonly clock: Clock;
  /** Where the reader starts. */
  readonly position: Position;
  /** After each batch whose fate is decided. */
  readonly onSettled: () => void;
  /** After each durable checkpoint: what lies before it is needed no more. */
  readonly onCheckpoint: (position: Position) => void;
  readonly warn: Warn;
  /** Absent: no record is followed. */
  readonly trace?: RecordTrace;
}

export interface ConsumerProgress {
  /** Behind the last record whose fate is decided. */
  readonly position: Position;
  readonly ledger: LedgerTotals;
  readonly recordsRead: number;
  readonly pointsMade: number;
  /** From receiving to the fate: of the oldest record of each batch, counted for all of it. */
  readonly latency: LatencyCounts;
  /** Time spent making points of records, ms. */
  readonly busyMs: number;
  /** Read and not yet decided. */
  readonly recordsInFlight: number;
  /** Handed to the sink and not yet decided. */
  readonly pointsInFlight: number;
  /** How long the sink took for a batch, with everything it had to try again. */
  readonly writeTimes: LatencyCounts;
  /** Receive time of the oldest record read and not yet decided, ns; absent when there is none. */
  readonly oldestPendingNs?: bigint;
  /** Set while parked records wait for room in the dead letter. */
  readonly blockedBy?: string;
}

/**
 * Takes batches from a stream, decides the fate of each record and remembers how far it is. Invariants:
 * 1. The position moves only over records that are written, filtered, or parked on disk.
 * 2. Position, ledger and end of the dead letter are saved together: after a crash all three fit.
 * 3. Batches are settled in stream order; one is prepared while the one before is being written.
 */
export class Consumer {
  readonly #options: ConsumerOptions;
  readonly #deps: ConsumerDeps;
  readonly #stopWaiting = new AbortController();
  readonly #giveUp = new AbortController();
  readonly #parking: Parking;
  readonly #saver: CheckpointSaver;
  #position: Position;
  #recordsRead = 0;
  #pointsMade = 0;
  #busyMs = 0;
  #pointsInFlight = 0;
  readonly #latency = new LatencyHistogram();
  readonly #writeTimes = new LatencyHistogram();
  /** Batches read and not settled, oldest first; at most two. */
  readonly #pending: RecordBatch[] = [];
  #settling: Promise<void> = Promise.resolve();
  #failure: unknown;

  constructor(options: ConsumerOptions, deps: ConsumerDeps) {
    this.#options = options;
    this.#deps = deps;
    this.#position = deps.position;
    // Saved with the end in the new file, the one before may go once all in it is settled.
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

  progress(): ConsumerProgress {
    const { blockedBy } = this.#parking;
    const oldest = this.#pending[0] === undefined ? undefined : oldestOf(this.#pending[0]);
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
      ...(oldest === undefined ? {} : { oldestPendingNs: oldest }),
      ...(blockedBy === undefined ? {} : { blockedBy }),
    };
  }

  /**
   * Runs until `drain` or `abort`. Resolves with everything decided up to the position checkpointed.
   * Rejects when the stream, the dead letter or the checkpoint cannot be used: the process should stop.
   */
  async run(): Promise<void> {
    try {
      // Saved before the first record, so that the dead letter always has an end to go back to.
      this.#noteCheckpoint();
      await this.#saver.save();
      for (;;) {
        const batch = await this.#next();
        if (batch === undefined) break;
        this.#recordsRead += recordsOf(batch);
        this.#pending.push(batch);
        const startedMs = this.#deps.clock.monotonicMs();
        const startedNs = this.#deps.clock.nowNs();
        const prepared = prepareBatch(batch, this.#deps.apply, this.#nowMs());
        this.#busyMs += this.#deps.clock.monotonicMs() - startedMs;
        this.#traced('decide', batch, startedNs);
        this.#pointsMade += prepared.points.length;
        await this.#settling;
        if (this.#failure !== undefined) break;
        this.#settling = this.#settle(prepared);
      }
      await this.#settling;
    } finally {
      await this.#saver.stop();
    }
    if (this.#failure !== undefined && !isAbort(this.#failure)) throw this.#failure;
    await this.#saver.saveAtEnd();
  }

  /** Goes on until the stream has nothing more, then `run` resolves. */
  drain(): void {
    this.#stopWaiting.abort();
  }

  /** Gives up at once what is not settled: it stays in the stream. */
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

  /** Never rejects: a failure is kept, and ends the loop. */
  async #settle(prepared: PreparedBatch): Promise<void> {
    const startedNs = this.#deps.clock.nowNs();
    try {
      const refusals = prepared.points.length === 0 ? [] : await this.#write(prepared.points);
      const refused = refusals.length === 0 ? [] : parkRefused(prepared, refusals, this.#nowMs());
      const parked = prepared.parts.flatMap((part) => part.parked);
      await this.#parking.park([...parked, ...refused.map((source) => source.parked)], this.#giveUp.signal);
      bookBatch(this.#deps.ledger, prepared, refused);
    } catch (thrown) {
      this.#fail(thrown);
      return;
    }
    this.#observe(prepared.batch);
    this.#traced('write', prepared.batch, startedNs);
    this.#position = prepared.batch.position;
    this.#pending.shift();
    prepared.batch.release();
    this.#noteCheckpoint();
    this.#deps.onSettled();
  }

  async #write(points: readonly Point[]): Promise<readonly Refusal[]> {
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

  #traced(name: 'decide' | 'write', batch: RecordBatch, startNs: bigint): void {
    const { trace, clock } = this.#deps;
    if (trace === undefined) return;
    const endNs = clock.nowNs();
    for (const { records } of batch.parts) {
      for (const { receivedAtNs } of records) {
        if (trace.isFollowed(receivedAtNs)) trace.add({ name, receivedAtNs, startNs, endNs });
      }
    }
  }

  #noteCheckpoint(): void {
    this.#saver.moved({
      position: this.#position,
      ledger: this.#deps.ledger.totals(),
      deadLetterEnd: this.#deps.deadLetter.end,
      accounts: this.#deps.ledger.accounts(),
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

function recordsOf(batch: RecordBatch): number {
  return batch.parts.reduce((sum, { records }) => sum + records.length, 0);
}

/** Parts have an order of their own each: the oldest record is the first of one of them. */
function oldestOf(batch: RecordBatch): bigint | undefined {
  let oldest: bigint | undefined;
  for (const { records } of batch.parts) {
    const first = records[0]?.receivedAtNs;
    if (first !== undefined && (oldest === undefined || first < oldest)) oldest = first;
  }
  return oldest;
}

function isAbort(thrown: unknown): boolean {
  return (
    thrown instanceof SluiceError && (thrown.code === 'SINK_ABORTED' || thrown.code === 'DEAD_LETTER_FULL')
  );
}
