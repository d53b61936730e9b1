import { CheckpointSaver } from '../books/checkpoint-saver.js';
import type { CheckpointStore } from '../books/checkpoint-store.js';
import type { Ledger, LedgerTotals } from '../books/ledger.js';
import type { Clock } from '../clock.js';
import type { DeadLetterWriter } from '../dead-letter/dead-letter-writer.js';
import type { ParkedRecord } from '../dead-letter/parked-record.js';
import { Parking } from '../dead-letter/parking.js';
import { SluiceError } from '../errors.js';
import { type LatencyCounts, LatencyHistogram } from '../latency-histogram.js';
import type { Position, ReadLimits, RecordBatch, RecordOutlet, StreamReader } from '../stream/stream.js';
import type { Warn } from '../warnings.js';
import { Flight } from './flight.js';

export interface ForwarderOptions {
  readonly maxBatchRecords: number;
  readonly maxBatchBytes: number;
  readonly lingerMs: number;
  readonly checkpointIntervalMs: number;
  /** Records read and behind the position: no more are read at this many, and after a crash at most these are sent again. */
  readonly maxInFlightRecords: number;
  /** The same as bytes of payloads and names. */
  readonly maxInFlightBytes: number;
}

export interface ForwarderDeps {
  readonly reader: StreamReader;
  readonly outlet: RecordOutlet;
  /** Of this forwarder alone: it is cut off to what the checkpoint says. */
  readonly deadLetter: Pick<DeadLetterWriter, 'append' | 'end'>;
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
  /** Between two tries while the dead letter is full; absent: 1 s. */
  readonly parkRetryMs?: number;
}

export interface ForwarderProgress {
  /** Behind the last record before which every record's fate is decided. */
  readonly position: Position;
  readonly ledger: LedgerTotals;
  readonly recordsRead: number;
  /** From receiving to the fate: of the oldest record of each batch, counted for all of it. */
  readonly latency: LatencyCounts;
  /** Receive time of the oldest record read and not yet decided, ns; absent when there is none. */
  readonly oldestPendingNs?: bigint;
  /** Set while refused records wait for room in the dead letter. */
  readonly blockedBy?: string;
}

/**
 * Takes batches from the log and sends their records to a shared stream. Invariants:
 * 1. The position moves only over records that the shared stream holds durably, or that are parked on disk.
 * 2. Position, ledger and end of the dead letter are saved together: after a crash all three fit.
 * 3. Records are sent in log order, many batches at once. Batches are settled in log order too: what is refused in a
 *    batch is parked after everything before it is decided, or the end of the dead letter would be ahead of the position.
 */
export class Forwarder {
  readonly #options: ForwarderOptions;
  readonly #deps: ForwarderDeps;
  readonly #parking: Parking;
  readonly #saver: CheckpointSaver;
  readonly #stopWaiting = new AbortController();
  readonly #giveUp = new AbortController();
  /** Read and not settled, oldest first. */
  readonly #flights: Flight[] = [];
  #position: Position;
  #recordsRead = 0;
  readonly #latency = new LatencyHistogram();
  #inFlightRecords = 0;
  #inFlightBytes = 0;
  #settling: Promise<void> = Promise.resolve();
  #isSettling = false;
  #failure: unknown;
  #wake: () => void = () => undefined;

  constructor(options: ForwarderOptions, deps: ForwarderDeps) {
    this.#options = options;
    this.#deps = deps;
    this.#position = deps.position;
    this.#parking = new Parking({
      deadLetter: deps.deadLetter,
      warn: deps.warn,
      // Saved with the end in the new file, the one before may go once all in it is settled.
      onFull: () => this.#noteCheckpoint(),
      ...(deps.parkRetryMs === undefined ? {} : { retryMs: deps.parkRetryMs }),
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
    const oldest = this.#flights.find((flight) => flight.oldestNs !== undefined)?.oldestNs;
    const { blockedBy } = this.#parking;
    return {
      position: this.#position,
      ledger: this.#deps.ledger.totals(),
      recordsRead: this.#recordsRead,
      latency: this.#latency.snapshot(),
      ...(oldest === undefined ? {} : { oldestPendingNs: oldest }),
      ...(blockedBy === undefined ? {} : { blockedBy }),
    };
  }

  /**
   * Runs until `drain` or `abort`. Resolves with everything decided up to the position checkpointed.
   * Rejects when the log, the dead letter or the checkpoint cannot be used: the process should stop.
   * Afterwards the outlet is to be closed; what it still settles changes nothing.
   */
  async run(): Promise<void> {
    try {
      // Saved before the first record, so that the dead letter always has an end to go back to.
      this.#noteCheckpoint();
      await this.#saver.save();
      while (await this.#hasRoom()) {
        const batch = await this.#next();
        if (batch === undefined) break;
        this.#take(batch);
      }
      this.#deps.outlet.flush();
      await this.#until(() => this.#flights.length === 0);
    } finally {
      this.abort();
      await this.#settling;
      await this.#saver.stop();
    }
    if (this.#failure !== undefined) throw this.#failure;
    await this.#saver.saveAtEnd();
  }

  /** Goes on until the log has nothing more and all of it is settled, then `run` resolves. */
  drain(): void {
    this.#stopWaiting.abort();
  }

  /** Gives up at once what is not settled: it stays in the log. */
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

  /** Resolves when `condition` holds, or nothing more will happen. */
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
    const flight = new Flight(batch, () => this.#landed(flight));
    this.#flights.push(flight);
    this.#recordsRead += flight.records;
    this.#inFlightRecords += flight.records;
    this.#inFlightBytes += flight.bytes;
    flight.send(this.#deps.outlet);
  }

  #landed(flight: Flight): void {
    // A batch waits for those before it: its payloads need not, unless they are to be parked.
    if (!flight.hasRefused) flight.batch.release();
    if (this.#isSettling) return;
    this.#isSettling = true;
    this.#settling = this.#settleLanded();
  }

  /** Never rejects: a failure is kept, and ends the loop. */
  async #settleLanded(): Promise<void> {
    try {
      for (let flight = this.#flights[0]; flight?.hasLanded && !this.#isOver(); flight = this.#flights[0]) {
        await this.#settle(flight);
      }
    } catch (thrown) {
      this.#fail(thrown);
    } finally {
      this.#isSettling = false;
      this.#wake();
    }
  }

  async #settle(flight: Flight): Promise<void> {
    const parked = flight.hasRefused ? flight.parked(this.#nowMs()) : [];
    if (flight.hasRefused) await this.#parking.park(parked.flat(), this.#giveUp.signal);
    this.#book(flight, parked);
    if (flight.oldestNs !== undefined) {
      this.#latency.observe(Number(this.#deps.clock.nowNs() - flight.oldestNs) / 1e6, flight.records);
    }
    this.#position = flight.batch.position;
    this.#flights.shift();
    this.#inFlightRecords -= flight.records;
    this.#inFlightBytes -= flight.bytes;
    flight.batch.release();
    this.#noteCheckpoint();
    this.#deps.onSettled();
    this.#wake();
  }

  #book(flight: Flight, parked: readonly (readonly ParkedRecord[])[]): void {
    for (const [index, part] of flight.batch.parts.entries()) {
      const refused = parked[index] ?? [];
      const account = this.#deps.ledger.account(part.partition);
      account.addWritten(part.records.length - refused.length);
      for (const { code } of refused) account.addParked(code);
      account.addLost(part.lost);
    }
  }

  #noteCheckpoint(): void {
    this.#saver.moved({
      position: this.#position,
      ledger: this.#deps.ledger.totals(),
      deadLetterEnd: this.#deps.deadLetter.end,
    });
  }

  #fail(thrown: unknown): void {
    // Given up while waiting for room in the dead letter: the batch stays in the log.
    const isGivenUp = thrown instanceof SluiceError && thrown.code === 'DEAD_LETTER_FULL';
    if (!isGivenUp) this.#failure ??= thrown;
    this.#stopWaiting.abort();
    this.#wake();
  }

  #nowMs(): number {
    return Number(this.#deps.clock.nowNs() / 1_000_000n);
  }
}
