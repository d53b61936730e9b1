import { join } from 'node:path';
import type { CommitCompanion } from '../../lib/commit-companion.js';
import { exceptNoRoom, isNoRoom, withReserve } from '../../lib/disk-room.js';
import { errorText, SluiceError, systemErrorCode } from '../../lib/errors.js';
import type { StreamRecord, StreamWriter } from '../stream.js';
import { ActiveSegment } from './active-segment.js';
import { CommitCompanions } from './commit-companions.js';
import { type CommitBatch, CommitQueue } from './commit-queue.js';
import { type CommitCounters, CommitStatistics } from './commit-statistics.js';
import type { DurableEndWriter } from './durable-end.js';
import { FRAME_HEADER_BYTES, maxFrameBytes } from './frame.js';
import { FullDisk, HEADROOM_BYTES } from './full-disk.js';
import { DISK_FILES, type LogFiles } from './log-files.js';
import { writeLogNote } from './log-note.js';
import { LogReaders } from './log-readers.js';
import { LogSegments, type SegmentChange } from './log-segments.js';
import { type RecoveredLog, recoverLog } from './recover-log.js';
import { newSegmentName } from './segment-name.js';
import type { LogPressure, SizeLimitOptions } from './size-limit.js';

export interface LogOptions extends SizeLimitOptions {
  readonly directory: string;
  /** A segment is closed once it is at least this long. */
  readonly segmentSizeBytes: number;
  /** The largest frame body. It also limits what recovery reads because of a damaged length. */
  readonly maxBodyBytes: number;
  /**
   * The sequence behind the last durable record at a clean stop; absent after a crash. What is missing before it is
   * damage, and not a write that was never finished.
   */
  readonly cleanEndSequence?: number;
}

export interface LogWriterDeps {
  readonly durableEnd: DurableEndWriter;
  /** Called once, when a write or sync has failed. What is on disk is then unknown: the process must stop. */
  readonly onFailure: (failure: SluiceError) => void;
  /** Called when blocking for room starts and ends, and when `drop-oldest` removes records. */
  readonly onPressure?: (pressure: LogPressure) => void;
  readonly onSegment?: (change: SegmentChange) => void;
  /**
   * The saved position of each reader, in the order of their seats. The log never starts below one, even when its newest
   * segments were lost.
   */
  readonly readers?: ReadonlyMap<string, number>;
  /** Called when a full disk has room again, before the log takes any of it. */
  readonly onRoom?: () => Promise<void>;
  /**
   * Called before the first record that has properties, or that the broker has not accepted, is written. Nothing is written
   * before it has resolved: an older version would map the beginning of a refused message.
   */
  readonly beforeDetails?: () => Promise<void>;
  /** How long to wait before the disk is tried again; absent: 1 s. */
  readonly retryMs?: number;
  /** They are committed with each batch: what was added to them before the batch is written is durable before `stored`. */
  readonly companions?: readonly CommitCompanion[];
  /** Absent: those of the disk. */
  readonly files?: LogFiles;
}

export interface LogCounters extends CommitCounters {
  readonly sizeBytes: number;
  readonly droppedRecords: number;
}

const RETRY_MS = 1_000;

/**
 * LogWriter is the only writer of a log directory. Invariants:
 * 1. `stored` is called after one write and one fdatasync of everything that waited, in append order.
 * 2. After a failed write or sync no `stored` is called for what was in it before it was written again. When the disk is
 *    full, the segment is cut back to its durable end first, and writing goes on when there is room. After any other
 *    failure nothing is written any more: the kernel may have dropped the pages, and a second fsync would succeed
 *    without them.
 * 3. A segment's name is durable before a record in it counts as durable.
 * 4. A companion that has something pending is committed beside a batch, and `stored` is called after both. When the
 *    companion has no room, the batch stays written, and only the companion is tried again.
 * 5. Before the first record with details is written, `beforeDetails` has resolved. Without room for it the log is blocked as
 *    without room for the record.
 * 6. All segments together stay within `maxSizeBytes`, except for one commit (1 MiB or one record).
 */
export class LogWriter implements StreamWriter {
  readonly #options: LogOptions;
  readonly #deps: LogWriterDeps;
  readonly #readers: LogReaders;
  readonly #segments: LogSegments;
  readonly #fullDisk: FullDisk;
  readonly #queue: CommitQueue;
  /** Taken from the queue, and not durable yet. */
  #unwritten: CommitBatch | undefined;
  /** Durable, and not answered yet: a companion has no room for what belongs to it. */
  #unanswered: CommitBatch | undefined;
  readonly #companions: CommitCompanions;
  #beforeDetails: (() => Promise<void>) | undefined;
  #wasBlocked = false;
  #committing = false;
  #scheduled = false;
  #failed = false;
  /** `closing`: nothing is appended any more. `closed`: nothing is written any more. */
  #state: 'open' | 'closing' | 'closed' = 'open';
  #idle: (() => void)[] = [];
  readonly #statistics = new CommitStatistics();
  readonly recovered: RecoveredLog;

  private constructor(
    options: LogOptions,
    deps: LogWriterDeps,
    recovered: RecoveredLog,
    readers: LogReaders,
    active: ActiveSegment,
  ) {
    this.#options = options;
    this.#deps = deps;
    this.#readers = readers;
    this.#companions = new CommitCompanions(deps.companions ?? []);
    this.#beforeDetails = deps.beforeDetails;
    this.recovered = recovered;
    const { directory } = options;
    const { durableEnd, onSegment, files = DISK_FILES } = deps;
    this.#segments = new LogSegments({
      ...options,
      files,
      recovered,
      active,
      readers,
      durableEnd,
      onSegment,
      onDropped: (dropped) => deps.onPressure?.({ kind: 'dropped', ...dropped }),
    });
    this.#fullDisk = new FullDisk({
      freeBytes: () => files.freeBytes(directory),
      retry: () => this.#schedule(),
      onRoom: async () => deps.onRoom?.(),
      retryMs: deps.retryMs ?? RETRY_MS,
    });
    this.#queue = new CommitQueue(active.name, options.segmentSizeBytes);
  }

  /** Recovers the log in the directory and opens a new segment behind it. Rejects with LOG_FAILED. */
  static async open(options: LogOptions, deps: LogWriterDeps): Promise<LogWriter> {
    const { files = DISK_FILES, durableEnd } = deps;
    const { directory } = options;
    try {
      const recovered = await recoverLog(options, files);
      const { oldest, note, lastReceivedAtNs } = recovered;
      if (note !== 'read') await writeLogNote(directory, { oldest, lastReceivedAtNs }, files);
      const readers = new LogReaders(deps.readers ?? new Map(), durableEnd);
      readers.drop(oldest, oldest);
      durableEnd.deleteBefore(oldest);
      const name = newSegmentName(Math.max(recovered.nextSequence, readers.fastest));
      const active = await withReserve(join(directory, name.fileName), () =>
        ActiveSegment.create(directory, name, files),
      );
      const writer = new LogWriter(options, deps, recovered, readers, active);
      durableEnd.move(name.base);
      return writer;
    } catch (thrown) {
      throw new SluiceError('LOG_FAILED', `the log in ${directory} cannot be opened: ${errorText(thrown)}`, {
        cause: thrown,
      });
    }
  }

  /** The sequence behind the last durable record: how many records this log has ever taken. */
  get durableSequence(): number {
    return this.#segments.durableSequence;
  }

  get isBlocked(): boolean {
    return this.#segments.isBlocked || this.#fullDisk.freeBytes !== undefined;
  }

  /** While the disk is full: the bytes that were free when it was last looked. */
  get diskFullFreeBytes(): number | undefined {
    return this.#fullDisk.freeBytes;
  }

  get pendingBytes(): number {
    return this.#queue.pendingBytes;
  }

  /** Records that were dropped before `reader` came to them: those it has counted, and those it will count. */
  missedBy(reader: string): number {
    return this.#readers.missedBy(reader);
  }

  counters(): LogCounters {
    return {
      ...this.#statistics.snapshot(),
      sizeBytes: this.#segments.sizeBytes,
      droppedRecords: this.#segments.droppedRecords,
    };
  }

  append(record: StreamRecord, stored: () => void): void {
    if (this.#failed || this.#state !== 'open')
      throw new SluiceError('LOG_CLOSED', 'the log takes no more records');
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
    if (!this.#hasWork && !this.#companions.hasPending) {
      setImmediate(reached);
      return;
    }
    this.#queue.addBarrier(reached);
    this.#schedule();
  }

  /** Notes that `reader` has saved its position, and deletes the segments that every reader has left behind. */
  async trim(reader: string, savedSequence: number): Promise<void> {
    this.#readers.saved(reader, savedSequence);
    await this.#segments.deleteConsumed();
    if (this.isBlocked) this.#schedule();
  }

  /** Waits until everything appended is durable, then closes. A blocked log gives up what is not stored. */
  async close(): Promise<void> {
    this.#state = 'closing';
    while (this.#committing || (this.#hasWork && !this.#failed && !this.isBlocked)) {
      await new Promise<void>((resolve) => this.#idle.push(resolve));
    }
    this.#state = 'closed';
    this.#fullDisk.stop();
    // Best effort: what is left behind the durable end was never acknowledged.
    if (!this.#failed) await this.#segments.cutBack().catch(() => undefined);
    await this.#segments.close();
  }

  get #hasWork(): boolean {
    return this.#unanswered !== undefined || this.#unwritten !== undefined || this.#queue.first !== undefined;
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
    if (this.#committing || this.#failed || this.#state === 'closed') return;
    this.#committing = true;
    try {
      if (this.#fullDisk.freeBytes !== undefined)
        await this.#segments.deleteAllConsumed(this.#queue, this.#unwritten);
      while (await this.#commitNext()) this.#reportUnblocked();
      this.#reportUnblocked();
    } catch (thrown) {
      this.#fail(thrown);
    } finally {
      this.#committing = false;
      // Something may have been appended since the last look.
      if (this.#hasWork && !this.#failed && !this.isBlocked) this.#schedule();
      else for (const resolve of this.#idle.splice(0)) resolve();
    }
  }

  /** Resolves with whether to go on: there may be a next batch, and there was room for this one. */
  async #commitNext(): Promise<boolean> {
    if (this.#unanswered !== undefined) return this.#answerUnanswered(this.#unanswered);
    const waiting = this.#unwritten ?? this.#queue.first;
    if (waiting === undefined) return this.#lookAtFullDisk();
    const bytes = waiting.lengthBytes;
    if (!(await this.#segments.makeRoom(bytes))) {
      this.#reportBlocked({ kind: 'blocked' });
      return false;
    }
    if (this.#fullDisk.freeBytes !== undefined && !(await this.#fullDisk.mayHaveRoom(bytes))) return false;
    if (waiting.hasDetails && this.#beforeDetails !== undefined) {
      try {
        await this.#beforeDetails();
      } catch (thrown) {
        if (!isNoRoom(thrown)) throw thrown;
        return this.#afterNoRoom(thrown);
      }
      this.#beforeDetails = undefined;
    }
    // The batch is taken only now: `append` may go on filling it while room is made.
    this.#unwritten ??= this.#queue.take();
    const batch = this.#unwritten;
    // Begun in the tick in which the batch is taken: what belongs to its records is in it.
    const companions = this.#companions.begin();
    try {
      await this.#write(batch);
    } catch (thrown) {
      // Nothing is tried again or given up while they write.
      const failure = await companions;
      if (failure !== undefined && !isNoRoom(failure)) throw failure;
      if (!isNoRoom(thrown)) throw thrown;
      return this.#afterNoRoom(thrown);
    }
    this.#unwritten = undefined;
    const failure = companions && (await companions);
    if (failure !== undefined) return this.#keepUnanswered(batch, failure);
    if (batch.lengthBytes > 0) this.#fullDisk.leave();
    for (const stored of this.#queue.complete(batch)) answer(stored);
    return true;
  }

  async #keepUnanswered(batch: CommitBatch, failure: unknown): Promise<boolean> {
    if (!isNoRoom(failure)) throw failure;
    this.#unanswered = batch;
    // Not for a file that has reached a bound of its own: dropping segments would not help it.
    const files = this.#deps.files ?? DISK_FILES;
    const isDiskFull = (await files.freeBytes(this.#options.directory).catch(() => 0)) < HEADROOM_BYTES;
    if (isDiskFull && this.#options.whenFull === 'drop-oldest') {
      if (await this.#segments.dropForRoom(this.#queue, this.#unwritten)) return true;
    }
    const entered = await this.#fullDisk.enter(failure);
    if (entered !== undefined) this.#reportBlocked({ kind: 'disk-full', ...entered });
    return false;
  }

  /** Tries the companions of a batch again. */
  async #answerUnanswered(batch: CommitBatch): Promise<boolean> {
    if (!(await this.#fullDisk.mayHaveRoom(1))) return false;
    const failure = await this.#companions.begin();
    if (failure !== undefined) return this.#keepUnanswered(batch, failure);
    this.#unanswered = undefined;
    this.#fullDisk.leave();
    for (const stored of this.#queue.complete(batch)) answer(stored);
    return true;
  }

  /** Without a batch that waits the disk is looked at all the same: while it is full, QoS 0 is shed. */
  async #lookAtFullDisk(): Promise<boolean> {
    if (this.#fullDisk.freeBytes === undefined) return false;
    if (await this.#fullDisk.mayHaveRoom(1)) this.#fullDisk.leave();
    return this.#hasWork;
  }

  /** The present batch could not be written. Resolves with whether to try it again at once. */
  async #afterNoRoom(thrown: unknown): Promise<boolean> {
    await this.#segments.cutBack().catch(exceptNoRoom);
    const hasRoomElsewhere =
      systemErrorCode(thrown) === 'EFBIG'
        ? await this.#segments.beginSegment(this.#queue, this.#unwritten)
        : this.#options.whenFull === 'drop-oldest' &&
          (await this.#segments.dropForRoom(this.#queue, this.#unwritten));
    if (hasRoomElsewhere) return true;
    const entered = await this.#fullDisk.enter(thrown);
    if (entered !== undefined) this.#reportBlocked({ kind: 'disk-full', ...entered });
    return false;
  }

  async #write(batch: CommitBatch): Promise<void> {
    if (batch.opens !== undefined) await this.#segments.roll(batch, batch.opens);
    if (batch.lengthBytes === 0) return;
    const startedMs = performance.now();
    await this.#segments.append(batch);
    this.#statistics.observe(batch, startedMs);
    this.#deps.durableEnd.move(this.#segments.durableSequence);
  }

  #reportBlocked(pressure: LogPressure): void {
    if (pressure.kind === 'blocked' && this.#wasBlocked) return;
    this.#wasBlocked = true;
    this.#deps.onPressure?.(pressure);
  }

  #reportUnblocked(): void {
    if (this.isBlocked || !this.#wasBlocked) return;
    this.#wasBlocked = false;
    this.#deps.onPressure?.({ kind: 'unblocked' });
  }

  #fail(thrown: unknown): void {
    if (this.#failed) return;
    this.#failed = true;
    // A companion says itself which file it is.
    const { directory } = this.#options;
    const where = `writing the log in ${directory} failed at ${this.#segments.activeFileName}`;
    this.#deps.onFailure(
      thrown instanceof SluiceError
        ? thrown
        : new SluiceError('LOG_FAILED', `${where}: ${errorText(thrown)}`, { cause: thrown }),
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
