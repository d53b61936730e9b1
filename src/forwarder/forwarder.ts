import type { DeadLetterWriter } from '../dead-letter/dead-letter-writer.js';
import type { ParkedRecord } from '../dead-letter/parked-record.js';
import { isOutOfRoom, Parking } from '../dead-letter/parking.js';
import { CheckpointSaver } from '../ledger/checkpoint-saver.js';
import type { CheckpointStore } from '../ledger/checkpoint-store.js';
import type { Ledger, LedgerTotals } from '../ledger/ledger.js';
import type { Clock } from '../lib/clock.js';
import { type LatencyCounts, LatencyHistogram } from '../lib/latency-histogram.js';
import type { Warn } from '../lib/warnings.js';
import type { OutgoingStream, Position, ReadLimits, RecordBatch, StreamReader } from '../stream/stream.js';
import { InFlightBatch } from './in-flight-batch.js';

export interface ForwarderOptions {
  readonly maxBatchRecords: number;
  readonly maxBatchBytes: number;
  readonly lingerMs: number;
  readonly checkpointIntervalMs: number;
  /** How many records may be read and not yet processed; after a crash at most these are sent again. */
  readonly maxInFlightRecords: number;
  /** The same limit as bytes of payloads and names. */
  readonly maxInFlightBytes: number;
}

export interface ForwarderDeps {
  readonly reader: StreamReader;
  readonly outgoing: OutgoingStream;
  /** Only this forwarder writes to it: it is truncated to the end that the checkpoint names. */
  readonly deadLetter: Pick<DeadLetterWriter, 'append' | 'end'>;
  readonly checkpoints: CheckpointStore;
  readonly ledger: Ledger;
  readonly clock: Clock;
  /** Where the reader starts. */
  readonly position: Position;
  /** Called after each batch that has been processed. */
  readonly onProgress: () => void;
  /** Called after each durable checkpoint: this reader no longer needs what lies before it. */
  readonly onCheckpoint: (position: Position) => void;
  readonly warn: Warn;
  /** Time between two attempts while the dead letter is full; absent: 1 s. */
  readonly parkRetryMs?: number;
}

export interface ForwarderProgress {
  /** Directly behind the last record that has been processed, as all records before it have. */
  readonly position: Position;
  readonly ledger: LedgerTotals;
  readonly recordsRead: number;
  /** Time from receipt to outcome: measured for the oldest record of each batch, counted for every record of it. */
  readonly latency: LatencyCounts;
  /** Receive time of the oldest record read and not yet processed, ns; absent when there is none. */
  readonly oldestPendingNs?: bigint;
  /** Set while rejected records wait for room in the dead letter. */
  readonly blockedBy?: string;
}

/**
 * Takes batches from the log and sends their records to a shared stream. Invariants:
 * 1. The position moves only over records that the shared stream holds durably, or that are parked on disk.
 * 2. Position, ledger and end of the dead letter are saved together: after a crash all three fit.
 * 3. Records are sent in log order, many batches at once. Batches are processed in log order too: what is rejected in a
 *    batch is parked after everything before it is processed, or the end of the dead letter would be ahead of the position.
 */
export class Forwarder {
  readonly #options: ForwarderOptions;
  readonly #deps: ForwarderDeps;
  readonly #parking: Parking;
  readonly #saver: CheckpointSaver;
  readonly #stopWaiting = new AbortController();
  readonly #giveUp = new AbortController();
  /** Batches read and not yet processed, oldest first. */
  readonly #inFlight: InFlightBatch[] = [];
  #position: Position;
  #recordsRead = 0;
  readonly #latency = new LatencyHistogram();
  #inFlightRecords = 0;
  #inFlightBytes = 0;
  #processing: Promise<void> = Promise.resolve();
  #isProcessing = false;
  #failure: unknown;
  #wake: () => void = () => undefined;

  constructor(options: ForwarderOptions, deps: ForwarderDeps) {
    this.#options = options;
    this.#deps = deps;
    this.#position = deps.position;
    this.#parking = new Parking({
      deadLetter: deps.deadLetter,
      warn: deps.warn,
      // Once the end in the new file is saved, the file before may be deleted as soon as all in it is replayed or purged.
      onFull: () => this.#noteCheckpoint(),
      retryMs: deps.parkRetryMs,
    });
    this.#saver = new CheckpointSaver({
      checkpoints: deps.checkpoints,
      clock: deps.clock,
      intervalMs: options.checkpointIntervalMs,
      onCheckpoint: deps.onCheckpoint,
      onFailure: (thrown) => this.#fail(thrown),
      warn: deps.warn,
    });
  }

  progress(): ForwarderProgress {
    const oldest = this.#inFlight.find((batch) => batch.oldestNs !== undefined)?.oldestNs;
    const { blockedBy } = this.#parking;
    return {
      position: this.#position,
      ledger: this.#deps.ledger.totals(),
      recordsRead: this.#recordsRead,
      latency: this.#latency.snapshot(),
      oldestPendingNs: oldest,
      blockedBy,
    };
  }

  /**
   * Runs until `drain` or `abort`. Resolves when everything up to the position is processed and checkpointed.
   * Rejects when the log, the dead letter or the checkpoint cannot be used: the process should stop.
   * The caller then closes the outgoing stream; records that it still completes change nothing.
   */
  async run(): Promise<void> {
    try {
      // Saved before the first record, so that the dead letter always has an end to go back to.
      this.#noteCheckpoint();
      await this.#saver.saveFirst(this.#giveUp.signal);
      while (await this.#hasRoom()) {
        const batch = await this.#next();
        if (batch === undefined) break;
        this.#take(batch);
      }
      this.#deps.outgoing.flush();
      await this.#until(() => this.#inFlight.length === 0);
    } finally {
      this.abort();
      await this.#processing;
      await this.#saver.stop();
    }
    if (this.#failure !== undefined) throw this.#failure;
    await this.#saver.saveAtEnd();
  }

  /** Saves the newest checkpoint without waiting for the interval. Rejects with CHECKPOINT_FAILED or a retryable error. */
  saveCheckpoint(): Promise<void> {
    return this.#saver.save();
  }

  /** Lets `run` go on until the log has nothing more and all of it is processed. */
  drain(): void {
    this.#stopWaiting.abort();
  }

  /** Gives up at once what is not yet processed: it stays in the log. */
  abort(): void {
    this.#stopWaiting.abort();
    this.#giveUp.abort();
    this.#wake();
  }

  async #hasRoom(): Promise<boolean> {
    await this.#until(() => this.#roomRecords() > 0 && this.#roomBytes() > 0);
    return !this.#isOver();
  }

  #roomRecords(): number {
    return this.#options.maxInFlightRecords - this.#inFlightRecords;
  }

  #roomBytes(): number {
    return this.#options.maxInFlightBytes - this.#inFlightBytes;
  }

  /** Resolves when `condition` holds, or when the forwarder is over. */
  async #until(condition: () => boolean): Promise<void> {
    while (!condition() && !this.#isOver()) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  #isOver(): boolean {
    return this.#failure !== undefined || this.#giveUp.signal.aborted;
  }

  async #next(): Promise<RecordBatch | undefined> {
    const limits: ReadLimits = {
      maxRecords: Math.min(this.#options.maxBatchRecords, this.#roomRecords()),
      maxBytes: Math.min(this.#options.maxBatchBytes, this.#roomBytes()),
      lingerMs: this.#options.lingerMs,
      whenEmpty: 'wait',
    };
    if (!this.#stopWaiting.signal.aborted) {
      const batch = await this.#deps.reader.next(limits, this.#stopWaiting.signal);
      if (batch !== undefined) return batch;
    }
    if (this.#isOver()) return undefined;
    return this.#deps.reader.next({ ...limits, lingerMs: 0, whenEmpty: 'return' }, this.#giveUp.signal);
  }

  #take(batch: RecordBatch): void {
    const sent = new InFlightBatch(batch, () => this.#batchCompleted(sent));
    this.#inFlight.push(sent);
    this.#recordsRead += sent.records;
    this.#inFlightRecords += sent.records;
    this.#inFlightBytes += sent.bytes;
    sent.send(this.#deps.outgoing);
  }

  #batchCompleted({ batch, hasRejected }: InFlightBatch): void {
    // A batch waits for those before it. Its payloads need not, unless some are to be parked.
    if (!hasRejected) batch.release();
    if (this.#isProcessing) return;
    this.#isProcessing = true;
    this.#processing = this.#processCompleted();
  }

  /** Processes, in log order, the completed batches. Never rejects: a failure is kept, and ends the loop. */
  async #processCompleted(): Promise<void> {
    try {
      for (let batch = this.#inFlight[0]; batch?.isCompleted && !this.#isOver(); batch = this.#inFlight[0]) {
        await this.#process(batch);
      }
    } catch (thrown) {
      this.#fail(thrown);
    } finally {
      this.#isProcessing = false;
      this.#wake();
    }
  }

  async #process(completed: InFlightBatch): Promise<void> {
    const { batch, records, bytes, oldestNs } = completed;
    const parked = completed.hasRejected ? completed.parked(this.#nowMs()) : [];
    if (completed.hasRejected) await this.#parking.park(parked.flat(), this.#giveUp.signal);
    this.#recordOutcomes(batch, parked);
    if (oldestNs !== undefined) {
      this.#latency.observe(Number(this.#deps.clock.nowNs() - oldestNs) / 1e6, records);
    }
    this.#position = batch.position;
    this.#inFlight.shift();
    this.#inFlightRecords -= records;
    this.#inFlightBytes -= bytes;
    batch.release();
    this.#noteCheckpoint();
    this.#deps.onProgress();
    this.#wake();
  }

  #recordOutcomes(batch: RecordBatch, parked: readonly (readonly ParkedRecord[])[]): void {
    for (const [index, part] of batch.parts.entries()) {
      const parkedOfPart = parked[index] ?? [];
      const counts = this.#deps.ledger.partition(part.partition);
      counts.addWritten(part.records.length - parkedOfPart.length);
      for (const { code } of parkedOfPart) counts.addParked(code);
      counts.addLost(part.lost);
    }
  }

  #noteCheckpoint(): void {
    this.#saver.update({
      position: this.#position,
      ledger: this.#deps.ledger.totals(),
      deadLetterEnd: this.#deps.deadLetter.end,
    });
  }

  #fail(thrown: unknown): void {
    // `abort` while a batch waits for room in the dead letter: the batch stays in the log.
    if (!isOutOfRoom(thrown)) this.#failure ??= thrown;
    this.#stopWaiting.abort();
    this.#wake();
  }

  #nowMs(): number {
    return Number(this.#deps.clock.nowNs() / 1_000_000n);
  }
}
