import type { CheckpointStore } from '../books/checkpoint-store.js';
import type { Ledger, LedgerTotals } from '../books/ledger.js';
import type { Clock } from '../clock.js';
import type { DeadLetterWriter } from '../dead-letter/dead-letter-writer.js';
import type { ParkedRecord } from '../dead-letter/parked-record.js';
import { SluiceError } from '../errors.js';
import type { Sink } from '../sink/sink.js';
import type { Position, ReadLimits, RecordBatch, StreamReader, StreamRecord } from '../stream/stream.js';
import { type PreparedBatch, parkRefused, prepareBatch, type RefusedSource } from './prepare-batch.js';
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
  readonly sink: Sink;
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
  readonly warn: (fields: Record<string, unknown>, sentence: string) => void;
}

export interface ConsumerProgress {
  /** Behind the last record whose fate is decided. */
  readonly position: Position;
  readonly ledger: LedgerTotals;
  readonly recordsRead: number;
  readonly pointsMade: number;
  /** Receive time of the oldest record read and not yet decided, ns; absent when there is none. */
  readonly oldestPendingNs?: bigint;
  /** Set while parked records wait for room in the dead letter. */
  readonly blockedBy?: string;
}

const DEAD_LETTER_RETRY_MS = 1000;

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
  #position: Position;
  #recordsRead = 0;
  #pointsMade = 0;
  /** Batches read and not settled, oldest first; at most two. */
  readonly #pending: RecordBatch[] = [];
  #settling: Promise<void> = Promise.resolve();
  #isSettling = false;
  #failure: unknown;
  #blockedBy: string | undefined;
  #savedPosition: Position | undefined;
  #savedAtMs = Number.NEGATIVE_INFINITY;
  #saving: Promise<void> = Promise.resolve();
  #saveTimer: NodeJS.Timeout | undefined;

  constructor(options: ConsumerOptions, deps: ConsumerDeps) {
    this.#options = options;
    this.#deps = deps;
    this.#position = deps.position;
  }

  progress(): ConsumerProgress {
    const oldest = this.#pending[0] === undefined ? undefined : oldestOf(this.#pending[0]);
    return {
      position: this.#position,
      ledger: this.#deps.ledger.totals(),
      recordsRead: this.#recordsRead,
      pointsMade: this.#pointsMade,
      ...(oldest === undefined ? {} : { oldestPendingNs: oldest }),
      ...(this.#blockedBy === undefined ? {} : { blockedBy: this.#blockedBy }),
    };
  }

  /**
   * Runs until `drain` or `abort`. Resolves with everything decided up to the position checkpointed.
   * Rejects when the stream, the dead letter or the checkpoint cannot be used: the process should stop.
   */
  async run(): Promise<void> {
    try {
      // Saved before the first record, so that the dead letter always has an end to go back to.
      await this.#save();
      for (;;) {
        const batch = await this.#next();
        if (batch === undefined) break;
        for (const { records } of batch.parts) this.#recordsRead += records.length;
        this.#pending.push(batch);
        const prepared = prepareBatch(batch, this.#deps.apply, this.#nowMs());
        this.#pointsMade += prepared.points.length;
        await this.#settling;
        if (this.#failure !== undefined) break;
        this.#settling = this.#settle(prepared);
      }
      await this.#settling;
    } finally {
      clearTimeout(this.#saveTimer);
      await this.#saving;
    }
    if (this.#failure !== undefined && !isAbort(this.#failure)) throw this.#failure;
    try {
      await this.#save();
    } catch (thrown) {
      if (!isRetryable(thrown)) throw thrown;
      this.#deps.warn(
        { code: thrown.code, reason: thrown.message },
        'the place could not be saved at the end',
      );
    }
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
    this.#isSettling = true;
    try {
      const refusals =
        prepared.points.length === 0 ? [] : await this.#deps.sink.write(prepared.points, this.#giveUp.signal);
      const refused = refusals.length === 0 ? [] : parkRefused(prepared, refusals, this.#nowMs());
      await this.#park([
        ...prepared.parts.flatMap((part) => part.parked),
        ...refused.map(({ parked }) => parked),
      ]);

      this.#book(prepared, refused);
      this.#position = prepared.batch.position;
      this.#pending.shift();
      prepared.batch.release();
    } catch (thrown) {
      this.#failure = thrown;
      this.#stopWaiting.abort();
      return;
    } finally {
      this.#isSettling = false;
    }
    this.#deps.onSettled();
    await this.#saveWhenDue();
  }

  #book(prepared: PreparedBatch, refused: readonly RefusedSource[]): void {
    for (const [index, part] of prepared.parts.entries()) {
      const refusedHere = refused.filter((source) => source.part === index);
      const account = this.#deps.ledger.account(part.partition);
      account.addWritten(part.sources - refusedHere.length);
      for (const { code } of part.parked) account.addParked(code);
      for (const { parked } of refusedHere) account.addParked(parked.code);
      for (const [rule, records] of part.filtered) account.addFiltered(rule, records);
      account.addLost(part.lost);
    }
  }

  async #park(parked: readonly ParkedRecord[]): Promise<void> {
    for (;;) {
      try {
        await this.#deps.deadLetter.append(parked);
        this.#blockedBy = undefined;
        return;
      } catch (thrown) {
        if (!(thrown instanceof SluiceError) || thrown.code !== 'DEAD_LETTER_FULL') throw thrown;
        this.#blockedBy = thrown.message;
        this.#deps.warn({ code: thrown.code }, thrown.message);
        await pause(DEAD_LETTER_RETRY_MS, this.#giveUp.signal);
        if (this.#giveUp.signal.aborted) throw thrown;
      }
    }
  }

  async #saveWhenDue(): Promise<void> {
    const waitMs = this.#savedAtMs + this.#options.checkpointIntervalMs - this.#deps.clock.monotonicMs();
    clearTimeout(this.#saveTimer);
    if (waitMs > 0) {
      this.#saveTimer = setTimeout(() => void this.#saveWhenDue(), waitMs);
      return;
    }
    try {
      await this.#save();
    } catch (thrown) {
      if (isRetryable(thrown)) {
        this.#saveLater(thrown);
      } else {
        this.#failure = thrown;
        this.#stopWaiting.abort();
      }
    }
  }

  /** A place that lies behind costs a replay after a crash, no record: going on is better than stopping. */
  #saveLater(why: SluiceError): void {
    this.#deps.warn(
      { code: why.code, reason: why.message },
      'the place could not be saved; it is tried again',
    );
    this.#saveTimer = setTimeout(() => void this.#saveWhenDue(), this.#options.checkpointIntervalMs);
  }

  #save(): Promise<void> {
    const saved = this.#saving.then(() => this.#saveNow());
    // The next one must not fail with this one's failure, which its caller gets.
    this.#saving = saved.catch(() => undefined);
    return saved;
  }

  async #saveNow(): Promise<void> {
    const position = this.#position;
    // While a batch is being settled its parked records may be on disk and its position not yet moved;
    // the end of that batch saves again.
    if (position === this.#savedPosition || this.#isSettling) return;
    await this.#deps.checkpoints.save({
      position,
      ledger: this.#deps.ledger.totals(),
      deadLetterEnd: this.#deps.deadLetter.end,
    });
    this.#savedPosition = position;
    this.#savedAtMs = this.#deps.clock.monotonicMs();
    this.#deps.onCheckpoint(position);
  }

  #nowMs(): number {
    return Number(this.#deps.clock.nowNs() / 1_000_000n);
  }
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

function isRetryable(thrown: unknown): thrown is SluiceError {
  return thrown instanceof SluiceError && thrown.retryable;
}

function isAbort(thrown: unknown): boolean {
  return (
    thrown instanceof SluiceError && (thrown.code === 'SINK_ABORTED' || thrown.code === 'DEAD_LETTER_FULL')
  );
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const finish = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', finish);
      resolve();
    };
    const timer = setTimeout(finish, ms);
    signal.addEventListener('abort', finish, { once: true });
  });
}
