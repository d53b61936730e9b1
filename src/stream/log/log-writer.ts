import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { errorText, SluiceError } from '../../errors.js';
import { type LatencyCounts, LatencyHistogram } from '../../latency-histogram.js';
import { syncDirectory } from '../../sync-directory.js';
import type { StreamRecord, StreamWriter } from '../stream.js';
import type { CommitBatch } from './commit-batch.js';
import { CommitQueue } from './commit-queue.js';
import type { DurableEndWriter } from './durable-end.js';
import { FRAME_HEADER_BYTES, maxFrameBytes } from './frame.js';
import { ReaderPositions } from './reader-positions.js';
import { type RecoveredLog, recoverLog } from './recover-log.js';
import { SealedSegments } from './sealed-segments.js';
import { newSegmentName, type SegmentName } from './segment-name.js';

export interface LogOptions {
  readonly directory: string;
  /** Of all segments together. */
  readonly maxSizeBytes: number;
  /** A segment is closed once it is at least this long. */
  readonly segmentSizeBytes: number;
  readonly whenFull: 'block' | 'drop-oldest';
  /** Largest frame body; also bounds what a damaged length can make recovery read. */
  readonly maxBodyBytes: number;
}

export interface LogWriterDeps {
  readonly durableEnd: DurableEndWriter;
  /** Called once, when a write or sync failed. What is on disk is then unknown: the process must stop. */
  readonly onFailure: (failure: SluiceError) => void;
  /** Called when blocking for room starts and ends, and when `drop-oldest` removes records. */
  readonly onPressure?: (pressure: LogPressure) => void;
  readonly onSegment?: (change: SegmentChange) => void;
  /** Saved position of each reader. The log never starts below one, even when its newest segments were lost. */
  readonly readers?: ReadonlyMap<string, number>;
}

export type LogPressure =
  | { readonly kind: 'blocked' | 'unblocked' }
  | { readonly kind: 'dropped'; readonly fileName: string; readonly records: number };

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
  /** From `append` to `stored`: of the oldest record of each commit, counted for all of it. */
  readonly latency: LatencyCounts;
  /** Write and fdatasync of each commit. */
  readonly syncTimes: LatencyCounts;
}

/**
 * The only writer of a log directory. Invariants:
 * 1. `stored` is called after one write and one fdatasync of everything that waited, in append order.
 * 2. After a failed write or sync nothing is written and nobody is told "stored" any more: after an fsync
 *    error the kernel may have dropped the pages, and a second fsync would succeed without them.
 * 3. A segment's name is durable before a record in it counts as durable.
 * 4. All segments together stay within `maxSizeBytes`, except for one commit (1 MiB or one record).
 */
export class LogWriter implements StreamWriter {
  readonly #options: LogOptions;
  readonly #deps: LogWriterDeps;
  readonly #readers: ReaderPositions;
  readonly #sealed: SealedSegments;
  #active: SegmentName;
  #activeFile: FileHandle;
  #activeBytes = 0;
  #durableSequence: number;
  readonly #queue: CommitQueue;
  #committing = false;
  #scheduled = false;
  #blocked = false;
  #failed = false;
  #closed = false;
  #idle: (() => void)[] = [];
  readonly #latency = new LatencyHistogram();
  readonly #syncTimes = new LatencyHistogram();
  #counters = { recordsAppended: 0, bytesAppended: 0, commits: 0, droppedRecords: 0 };
  readonly recovered: RecoveredLog;

  private constructor(
    options: LogOptions,
    deps: LogWriterDeps,
    recovered: RecoveredLog,
    active: SegmentName,
    file: FileHandle,
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
    this.#active = active;
    this.#activeFile = file;
    this.#queue = new CommitQueue(active, options.segmentSizeBytes);
    this.#durableSequence = active.base;
  }

  /** Recovers what is in the directory and opens a new segment behind it. Rejects with LOG_FAILED. */
  static async open(options: LogOptions, deps: LogWriterDeps): Promise<LogWriter> {
    try {
      const recovered = await recoverLog(options.directory, options.maxBodyBytes);
      const active = newSegmentName(
        Math.max(recovered.nextSequence, new ReaderPositions(deps.readers).fastest),
      );
      const file = await createSegment(options.directory, active);
      const writer = new LogWriter(options, deps, recovered, active, file);
      deps.durableEnd.move(active.base);
      return writer;
    } catch (thrown) {
      throw new SluiceError(
        'LOG_FAILED',
        `the log in ${options.directory} cannot be opened: ${errorText(thrown)}`,
        {
          cause: thrown,
        },
      );
    }
  }

  /** Sequence behind the last durable record: how many records this log has ever taken. */
  get durableSequence(): number {
    return this.#durableSequence;
  }

  get isBlocked(): boolean {
    return this.#blocked;
  }

  get pendingBytes(): number {
    return this.#queue.pendingBytes;
  }

  counters(): LogCounters {
    return {
      ...this.#counters,
      sizeBytes: this.#sizeBytes,
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

  /** `reader` has saved its position: what every reader has left behind is deleted. */
  async trim(reader: string, savedSequence: number): Promise<void> {
    this.#readers.saved(reader, savedSequence);
    await this.#deleteConsumed();
    if (this.#blocked) this.#schedule();
  }

  /** Waits until everything appended is durable, then closes. While blocked for room it gives up what is not stored. */
  async close(): Promise<void> {
    this.#closed = true;
    while (!this.#failed && !this.#blocked && (this.#committing || this.#queue.first !== undefined)) {
      await new Promise<void>((resolve) => this.#idle.push(resolve));
    }
    await this.#activeFile.close();
  }

  /** One turn of the event loop gathers what the sockets have delivered together. */
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
        if (!(await this.#makeRoom(batch.lengthBytes))) break;
        // Taken off only now: `append` may go on filling it while room is made.
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
      await writeAll(this.#activeFile, batch.buffer, batch.lengthBytes, this.#activeBytes);
      await this.#activeFile.datasync();
      this.#syncTimes.observe(performance.now() - startedMs, 1);
      this.#activeBytes += batch.lengthBytes;
      this.#durableSequence += batch.records;
      this.#counters.recordsAppended += batch.records;
      this.#counters.bytesAppended += batch.lengthBytes;
      this.#counters.commits += 1;
      this.#latency.observe(performance.now() - batch.firstAddedMs, batch.records);
      this.#deps.durableEnd.move(this.#durableSequence);
    }
    for (const stored of this.#queue.settle(batch)) answer(stored);
  }

  async #roll(next: SegmentName): Promise<void> {
    const file = await createSegment(this.#options.directory, next);
    const sealed = { ...this.#active, sizeBytes: this.#activeBytes };
    this.#sealed.add(sealed);
    this.#deps.onSegment?.({ kind: 'closed', fileName: sealed.fileName, sizeBytes: sealed.sizeBytes });
    const oldFile = this.#activeFile;
    this.#active = next;
    this.#activeFile = file;
    this.#activeBytes = 0;
    await oldFile.close();
    await this.#deleteConsumed();
  }

  async #makeRoom(bytes: number): Promise<boolean> {
    if (bytes === 0 || this.#sizeBytes + bytes <= this.#options.maxSizeBytes) return this.#unblock();
    if (this.#options.whenFull === 'drop-oldest') {
      while (this.#sizeBytes + bytes > this.#options.maxSizeBytes && !this.#sealed.isEmpty) {
        await this.#dropOldest();
      }
      return this.#unblock();
    }
    if (!this.#blocked) {
      this.#blocked = true;
      this.#deps.onPressure?.({ kind: 'blocked' });
    }
    return false;
  }

  #unblock(): true {
    if (this.#blocked) {
      this.#blocked = false;
      this.#deps.onPressure?.({ kind: 'unblocked' });
    }
    return true;
  }

  get #sizeBytes(): number {
    return this.#sealed.sizeBytes + this.#activeBytes;
  }

  async #dropOldest(): Promise<void> {
    const { fileName, records } = await this.#sealed.dropOldest(this.#active.base);
    this.#counters.droppedRecords += records;
    if (records > 0) this.#deps.onPressure?.({ kind: 'dropped', fileName, records });
  }

  /** The newest segment that holds a record stays: it keeps the receive time. */
  #deleteConsumed(): Promise<void> {
    return this.#sealed.deleteConsumed(this.#active.base, this.#activeBytes === 0 ? 1 : 0);
  }

  #fail(thrown: unknown): void {
    if (this.#failed) return;
    this.#failed = true;
    this.#deps.onFailure(
      new SluiceError(
        'LOG_FAILED',
        `writing the log in ${this.#options.directory} failed: ${errorText(thrown)}`,
        {
          cause: thrown,
        },
      ),
    );
  }
}

/** A fault of whoever waits is not one of the log: it ends the process under its own name. */
function answer(stored: () => void): void {
  try {
    stored();
  } catch (thrown) {
    queueMicrotask(() => {
      throw thrown;
    });
  }
}

async function createSegment(directory: string, name: SegmentName): Promise<FileHandle> {
  const file = await open(join(directory, name.fileName), 'wx', 0o600);
  await syncDirectory(directory);
  return file;
}

async function writeAll(
  file: FileHandle,
  buffer: Buffer,
  lengthBytes: number,
  offset: number,
): Promise<void> {
  let written = 0;
  while (written < lengthBytes) {
    const { bytesWritten } = await file.write(buffer, written, lengthBytes - written, offset + written);
    written += bytesWritten;
  }
}
