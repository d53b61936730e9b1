import { errorText, SluiceError } from '../../lib/errors.js';
import { type LatencyCounts, LatencyHistogram } from '../../lib/latency-histogram.js';
import type { StreamRecord, StreamWriter } from '../stream.js';
import { ActiveSegment } from './active-segment.js';
import { type CommitBatch, CommitQueue } from './commit-queue.js';
import type { DurableEndWriter } from './durable-end.js';
import { FRAME_HEADER_BYTES, maxFrameBytes } from './frame.js';
import { type RecoveredLog, recoverLog } from './recover-log.js';
import { ReaderPositions, SealedSegments } from './sealed-segments.js';
import { newSegmentName, type SegmentName } from './segment-name.js';
import { type LogPressure, SizeLimit, type SizeLimitOptions } from './size-limit.js';

export interface LogOptions extends SizeLimitOptions {
  readonly directory: string;
  /** A segment is closed once it is at least this long. */
  readonly segmentSizeBytes: number;
  /** The largest frame body. It also limits what recovery reads because of a damaged length. */
  readonly maxBodyBytes: number;
  /** The sequence behind the last record when the log was closed in order; absent after a crash. */
  readonly cleanEndSequence?: number;
}

export interface LogWriterDeps {
  readonly durableEnd: DurableEndWriter;
  /** Called once, when a write or sync has failed. What is on disk is then unknown: the process must stop. */
  readonly onFailure: (failure: SluiceError) => void;
  /** Called when blocking for room starts and ends, and when `drop-oldest` removes records. */
  readonly onPressure?: (pressure: LogPressure) => void;
  readonly onSegment?: (change: SegmentChange) => void;
  /** The saved position of each reader. The log never starts below one, even when its newest segments were lost. */
  readonly readers?: ReadonlyMap<string, number>;
}

export interface SegmentChange {
  readonly kind: 'closed' | 'deleted';
  readonly fileName: string;
  readonly sizeBytes: number;
}

export interface LogCounters {
  readonly recordsAppended: number;
  readonly bytesAppended: number;
  readonly commits: number;
  readonly sizeBytes: number;
  readonly droppedRecords: number;
  /** The time from `append` to `stored` of the oldest record of each commit, counted for all its records. */
  readonly latency: LatencyCounts;
  /** The time of write and fdatasync of each commit. */
  readonly syncTimes: LatencyCounts;
}

/**
 * LogWriter is the only writer of a log directory. Invariants:
 * 1. `stored` is called after one write and one fdatasync of everything that waited, in append order.
 * 2. After a failed write or sync nothing is written and no `stored` is called any more: after an fsync
 *    error the kernel may have dropped the pages, and a second fsync would succeed without them.
 * 3. A segment's name is durable before a record in it counts as durable.
 * 4. All segments together stay within `maxSizeBytes`, except for one commit (1 MiB or one record).
 */
export class LogWriter implements StreamWriter {
  readonly #options: LogOptions;
  readonly #deps: LogWriterDeps;
  readonly #readers: ReaderPositions;
  readonly #sealed: SealedSegments;
  readonly #sizeLimit: SizeLimit;
  #active: ActiveSegment;
  #durableSequence: number;
  readonly #queue: CommitQueue;
  #committing = false;
  #scheduled = false;
  #failed = false;
  #closed = false;
  #idle: (() => void)[] = [];
  readonly #latency = new LatencyHistogram();
  readonly #syncTimes = new LatencyHistogram();
  #counters = { recordsAppended: 0, bytesAppended: 0, commits: 0 };
  readonly recovered: RecoveredLog;

  private constructor(
    options: LogOptions,
    deps: LogWriterDeps,
    recovered: RecoveredLog,
    active: ActiveSegment,
  ) {
    this.#options = options;
    this.#deps = deps;
    this.#readers = new ReaderPositions(deps.readers);
    this.recovered = recovered;
    this.#sealed = new SealedSegments(
      options.directory,
      recovered.segments,
      this.#readers,
      ({ fileName, sizeBytes }) => deps.onSegment?.({ kind: 'deleted', fileName, sizeBytes }),
    );
    this.#sizeLimit = new SizeLimit(options, this.#sealed, (pressure) => deps.onPressure?.(pressure));
    this.#active = active;
    this.#queue = new CommitQueue(active.name, options.segmentSizeBytes);
    this.#durableSequence = active.name.base;
  }

  /** Recovers the log in the directory and opens a new segment behind it. Rejects with LOG_FAILED. */
  static async open(options: LogOptions, deps: LogWriterDeps): Promise<LogWriter> {
    try {
      const recovered = await recoverLog(options.directory, options.maxBodyBytes);
      const base = Math.max(recovered.nextSequence, new ReaderPositions(deps.readers).fastest);
      const active = await ActiveSegment.create(options.directory, newSegmentName(base));
      const writer = new LogWriter(options, deps, recovered, active);
      deps.durableEnd.move(base);
      return writer;
    } catch (thrown) {
      throw new SluiceError(
        'LOG_FAILED',
        `the log in ${options.directory} cannot be opened: ${errorText(thrown)}`,
        { cause: thrown },
      );
    }
  }

  /** The sequence behind the last durable record: how many records this log has ever taken. */
  get durableSequence(): number {
    return this.#durableSequence;
  }

  get isBlocked(): boolean {
    return this.#sizeLimit.isBlocked;
  }

  get pendingBytes(): number {
    return this.#queue.pendingBytes;
  }

  counters(): LogCounters {
    return {
      ...this.#counters,
      sizeBytes: this.#sealed.sizeBytes + this.#active.sizeBytes,
      droppedRecords: this.#sizeLimit.droppedRecords,
      latency: this.#latency.snapshot(),
      syncTimes: this.#syncTimes.snapshot(),
    };
  }

  append(record: StreamRecord, stored: () => void): void {
    if (this.#failed || this.#closed) throw new SluiceError('LOG_CLOSED', 'the log takes no more records');
    const frameBytes = maxFrameBytes(record);
    if (frameBytes - FRAME_HEADER_BYTES > this.#options.maxBodyBytes) {
      throw new SluiceError(
        'LOG_RECORD_TOO_LARGE',
        `a record of ${frameBytes} bytes is over the log's limit`,
      );
    }
    this.#queue.add(record, stored);
    this.#schedule();
  }

  afterPending(reached: () => void): void {
    if (this.#queue.first === undefined && !this.#committing) setImmediate(reached);
    else this.#queue.addBarrier(reached);
  }

  /** Notes that `reader` has saved its position, and deletes the segments that every reader has left behind. */
  async trim(reader: string, savedSequence: number): Promise<void> {
    this.#readers.saved(reader, savedSequence);
    await this.#deleteConsumed();
    if (this.isBlocked) this.#schedule();
  }

  /** Waits until everything appended is durable, then closes. A blocked log gives up what is not stored. */
  async close(): Promise<void> {
    this.#closed = true;
    while (!this.#failed && !this.isBlocked && (this.#committing || this.#queue.first !== undefined)) {
      await new Promise<void>((resolve) => this.#idle.push(resolve));
    }
    await this.#active.close();
  }

  /** Commits once per turn of the event loop, so that everything the sockets delivered together is one commit. */
  #schedule(): void {
    if (this.#committing || this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      void this.#commitAll();
    });
  }

  async #commitAll(): Promise<void> {
    if (this.#committing || this.#failed) return;
    this.#committing = true;
    try {
      for (;;) {
        const batch = this.#queue.first;
        if (batch === undefined) break;
        if (!(await this.#sizeLimit.makeRoom(batch.lengthBytes, this.#active))) break;
        // The batch is taken only now: `append` may go on filling it while room is made.
        await this.#commit(this.#queue.take());
      }
    } catch (thrown) {
      this.#fail(thrown);
    } finally {
      this.#committing = false;
      for (const resolve of this.#idle.splice(0)) resolve();
    }
  }

  async #commit(batch: CommitBatch): Promise<void> {
    if (batch.opens !== undefined) await this.#roll(batch.opens);
    if (batch.lengthBytes > 0) {
      const startedMs = performance.now();
      await this.#active.append(batch.buffer, batch.lengthBytes);
      this.#syncTimes.observe(performance.now() - startedMs, 1);
      this.#durableSequence += batch.records;
      this.#counters.recordsAppended += batch.records;
      this.#counters.bytesAppended += batch.lengthBytes;
      this.#counters.commits += 1;
      this.#latency.observe(performance.now() - batch.firstAddedMs, batch.records);
      this.#deps.durableEnd.move(this.#durableSequence);
    }
    for (const stored of this.#queue.complete(batch)) answer(stored);
  }

  async #roll(next: SegmentName): Promise<void> {
    const full = this.#active;
    this.#active = await ActiveSegment.create(this.#options.directory, next);
    const sealed = full.sealed();
    this.#sealed.add(sealed);
    this.#deps.onSegment?.({ kind: 'closed', fileName: sealed.fileName, sizeBytes: sealed.sizeBytes });
    await full.close();
    await this.#deleteConsumed();
  }

  /** The newest segment that holds a record stays: it keeps the receive time. */
  #deleteConsumed(): Promise<void> {
    return this.#sealed.deleteConsumed(this.#active.name.base, this.#active.sizeBytes === 0 ? 1 : 0);
  }

  #fail(thrown: unknown): void {
    if (this.#failed) return;
    this.#failed = true;
    this.#deps.onFailure(
      new SluiceError(
        'LOG_FAILED',
        `writing the log in ${this.#options.directory} failed: ${errorText(thrown)}`,
        { cause: thrown },
      ),
    );
  }
}

/** An exception of the callback is not a failure of the log: it is thrown outside and ends the process. */
function answer(stored: () => void): void {
  try {
    stored();
  } catch (thrown) {
    queueMicrotask(() => {
      throw thrown;
    });
  }
}
