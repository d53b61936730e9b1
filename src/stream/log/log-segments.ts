import { exceptNoRoom, isNoRoom } from '../../lib/disk-room.js';
import { closeDurable } from '../../lib/files.js';
import { ActiveSegment } from './active-segment.js';
import type { CommitBatch, CommitQueue } from './commit-queue.js';
import type { DurableEndWriter } from './durable-end.js';
import type { LogFiles } from './log-files.js';
import { LogNote } from './log-note.js';
import type { LogReaders } from './log-readers.js';
import type { RecoveredLog } from './recover-log.js';
import { type DroppedSegment, Retention } from './retention.js';
import { SealedSegments } from './sealed-segments.js';
import { newSegmentName, type SegmentName } from './segment-name.js';
import { SizeLimit, type SizeLimitOptions } from './size-limit.js';

export interface SegmentChange {
  readonly kind: 'closed' | 'deleted';
  readonly fileName: string;
  readonly sizeBytes: number;
}

export interface LogSegmentsParts extends SizeLimitOptions {
  readonly directory: string;
  readonly files: LogFiles;
  readonly recovered: RecoveredLog;
  /** The empty segment behind what was recovered. */
  readonly active: ActiveSegment;
  readonly readers: LogReaders;
  readonly durableEnd: DurableEndWriter;
  readonly onSegment?: (change: SegmentChange) => void;
  /** Called when records were dropped that a reader needs. */
  readonly onDropped?: (dropped: DroppedSegment) => void;
}

/**
 * LogSegments has the files of an open log: the active segment, which is written, and the sealed ones, which are deleted
 * once no reader needs them. Calls that write must not overlap; `deleteConsumed` may run beside them.
 */
export class LogSegments {
  readonly #parts: LogSegmentsParts;
  readonly #sealed: SealedSegments;
  readonly #retention: Retention;
  readonly #sizeLimit: SizeLimit;
  #active: ActiveSegment;
  #durableSequence: number;
  #lastReceivedAtNs: bigint;

  constructor(parts: LogSegmentsParts) {
    this.#parts = parts;
    const { directory, files, recovered, readers, durableEnd, active } = parts;
    const { oldest, lastReceivedAtNs } = recovered;
    this.#active = active;
    this.#durableSequence = active.name.base;
    this.#lastReceivedAtNs = lastReceivedAtNs;
    this.#sealed = new SealedSegments(directory, recovered.segments, {
      files,
      onDeleted: ({ fileName, sizeBytes }) => parts.onSegment?.({ kind: 'deleted', fileName, sizeBytes }),
    });
    this.#retention = new Retention({
      sealed: this.#sealed,
      readers,
      note: new LogNote(directory, files, { oldest, lastReceivedAtNs }),
      durableEnd,
    });
    this.#sizeLimit = new SizeLimit(parts, this.#sealed, () => this.#dropOldest());
  }

  /** The sequence behind the last durable record. */
  get durableSequence(): number {
    return this.#durableSequence;
  }

  get activeFileName(): string {
    return this.#active.name.fileName;
  }

  get sizeBytes(): number {
    return this.#sealed.sizeBytes + this.#active.sizeBytes;
  }

  get droppedRecords(): number {
    return this.#retention.droppedRecords;
  }

  /** Whether the log has reached its size limit, and blocks. */
  get isBlocked(): boolean {
    return this.#sizeLimit.isBlocked;
  }

  /** Whether `bytes` more may be written within the size limit. */
  makeRoom(bytes: number): Promise<boolean> {
    return this.#sizeLimit.makeRoom(bytes, this.#active);
  }

  /** Appends the records of a batch. Resolved: they are durable. Rejected: none of them counts. */
  async append({ buffer, lengthBytes, records, lastReceivedAtNs }: CommitBatch): Promise<void> {
    await this.#active.append(buffer, lengthBytes);
    this.#durableSequence += records;
    this.#lastReceivedAtNs = lastReceivedAtNs;
  }

  /** Removes what a failed append has left behind the durable end. */
  cutBack(): Promise<void> {
    return this.#active.cutBack();
  }

  /** Seals the active segment, and begins the one that a batch opens. */
  async roll(batch: CommitBatch, next: SegmentName): Promise<void> {
    const fresh = await this.#create(next);
    batch.opens = undefined;
    await this.#sealAndContinueIn(fresh);
    await this.deleteConsumed();
  }

  /**
   * Begins a new segment before the active one is full, if that one holds anything. Resolves with whether it did. The
   * batches of `queue` and `unwritten` follow in the new segment.
   */
  async beginSegment(queue: CommitQueue, unwritten: CommitBatch | undefined): Promise<boolean> {
    if (this.#active.sizeBytes === 0) return false;
    // The next record may begin a segment anyway. Two segments must not begin with one record.
    const opening = queue.openingBatch(unwritten);
    const name = opening?.opens ?? newSegmentName(this.#durableSequence);
    let fresh: ActiveSegment;
    try {
      fresh = await this.#create(name);
    } catch (thrown) {
      if (isNoRoom(thrown)) return false;
      throw thrown;
    }
    if (opening === undefined) queue.moveTo(name, unwritten);
    else opening.opens = undefined;
    await this.#sealAndContinueIn(fresh);
    return true;
  }

  /** Deletes what every reader has left behind, except for the newest segment with a record: it keeps the receive time. */
  deleteConsumed(): Promise<void> {
    return this.#deleteConsumed(this.#active.sizeBytes === 0 ? 1 : 0);
  }

  /** On a full disk even the newest segment is deleted once it is consumed: the note keeps its receive time. */
  async deleteAllConsumed(queue: CommitQueue, unwritten: CommitBatch | undefined): Promise<void> {
    if (this.#parts.readers.slowest < this.#durableSequence) return;
    await this.beginSegment(queue, unwritten);
    await this.#deleteConsumed(0).catch(exceptNoRoom);
  }

  /** Drops the oldest segment for room on the disk, the active one if there is no other. Resolves with whether it did. */
  async dropForRoom(queue: CommitQueue, unwritten: CommitBatch | undefined): Promise<boolean> {
    if (this.#sealed.count === 0) await this.beginSegment(queue, unwritten);
    return this.#dropOldest();
  }

  close(): Promise<void> {
    return closeDurable(this.#active);
  }

  #create(name: SegmentName): Promise<ActiveSegment> {
    return ActiveSegment.create(this.#parts.directory, name, this.#parts.files);
  }

  async #sealAndContinueIn(fresh: ActiveSegment): Promise<void> {
    const full = this.#active;
    this.#active = fresh;
    const sealed = full.sealed();
    this.#sealed.add(sealed);
    this.#parts.onSegment?.({ kind: 'closed', fileName: sealed.fileName, sizeBytes: sealed.sizeBytes });
    await closeDurable(full);
  }

  #deleteConsumed(keep: number): Promise<void> {
    return this.#retention.deleteConsumed(this.#active.name.base, keep, this.#lastReceivedAtNs);
  }

  async #dropOldest(): Promise<boolean> {
    const dropped = await this.#retention
      .dropOldest(this.#active.name.base, this.#lastReceivedAtNs)
      .catch(exceptNoRoom);
    if (dropped === undefined) return false;
    if (dropped.records > 0 || Object.keys(dropped.missed).length > 0) this.#parts.onDropped?.(dropped);
    return true;
  }
}
