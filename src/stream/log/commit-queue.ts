import type { StreamRecord } from '../stream.js';
import { maxFrameBytes, resalt, writeFrame } from './frame.js';
import { newSegmentName, type SegmentName } from './segment-name.js';

const MAX_SPARE = 4;

/**
 * CommitQueue encodes records as they arrive and holds them in batches, in order, until they are written. A batch belongs
 * to one segment. The queue decides which record starts a new segment, because a frame's checksum depends on its salt.
 */
export class CommitQueue {
  readonly #segmentSizeBytes: number;
  /** The segment of the frames being encoded: the active one, or one that a queued batch opens. */
  #segment: SegmentName;
  #segmentBytes = 0;
  #nextSequence: number;
  readonly #batches: CommitBatch[] = [];
  readonly #spare: CommitBatch[] = [];
  #pendingBytes = 0;

  constructor(active: SegmentName, segmentSizeBytes: number) {
    this.#segment = active;
    this.#nextSequence = active.base;
    this.#segmentSizeBytes = segmentSizeBytes;
  }

  /** Bytes added and not yet durable. */
  get pendingBytes(): number {
    return this.#pendingBytes;
  }

  /** The batch to commit next; `add` may still fill it. */
  get first(): CommitBatch | undefined {
    return this.#batches[0];
  }

  add(record: StreamRecord, stored: () => void): void {
    const batch = this.#batchFor(record);
    const before = batch.lengthBytes;
    batch.add(record, this.#nextSequence, this.#segment.salt, stored);
    this.#pendingBytes += batch.lengthBytes - before;
    this.#segmentBytes += batch.lengthBytes - before;
    this.#nextSequence += 1;
  }

  /** `reached` is called when everything added before is durable and its callbacks have been called. */
  addBarrier(reached: () => void): void {
    let last = this.#batches.at(-1);
    if (last === undefined) {
      last = this.#freshBatch();
      this.#batches.push(last);
    }
    last.waiting.push(reached);
  }

  /** Removes the first batch, to be committed; `add` goes on with the next. */
  take(): CommitBatch {
    return this.#batches.shift()!;
  }

  /** Takes a durable batch back for reuse, and returns the callbacks that wait for it. */
  complete(batch: CommitBatch): readonly (() => void)[] {
    const { waiting } = batch;
    this.#pendingBytes -= batch.lengthBytes;
    batch.clear();
    if (this.#spare.length < MAX_SPARE) this.#spare.push(batch);
    return waiting;
  }

  /** The batch that holds the next record, `unwritten` or a queued one, if it begins a segment. */
  openingBatch(unwritten: CommitBatch | undefined): CommitBatch | undefined {
    const waiting = unwritten === undefined ? this.#batches : [unwritten, ...this.#batches];
    const next = waiting.find((batch) => batch.opens !== undefined || batch.lengthBytes > 0);
    return next?.opens === undefined ? undefined : next;
  }

  /**
   * Everything that waits for the present segment goes to `fresh` instead, which begins with it: `unwritten`, a batch that
   * was taken and could not be written, and what follows. Checksums are made again, with the salt of `fresh`.
   */
  moveTo(fresh: SegmentName, unwritten: CommitBatch | undefined): void {
    let bytes = 0;
    for (const batch of [...(unwritten === undefined ? [] : [unwritten]), ...this.#batches]) {
      // From here on the frames are for another segment already.
      if (batch.opens !== undefined) return;
      resalt(batch.buffer, batch.lengthBytes, fresh.salt);
      bytes += batch.lengthBytes;
    }
    this.#segment = fresh;
    this.#segmentBytes = bytes;
  }

  #batchFor(record: StreamRecord): CommitBatch {
    const segmentIsFull = this.#segmentBytes >= this.#segmentSizeBytes;
    const last = this.#batches.at(-1);
    if (!segmentIsFull && last?.fits(record, this.#segmentSizeBytes)) return last;
    const fresh = this.#freshBatch();
    if (segmentIsFull) {
      this.#segment = newSegmentName(this.#nextSequence);
      this.#segmentBytes = 0;
      fresh.opens = this.#segment;
    }
    this.#batches.push(fresh);
    return fresh;
  }

  #freshBatch(): CommitBatch {
    return this.#spare.pop() ?? new CommitBatch();
  }
}

const CHUNK_BYTES = 1024 * 1024;

/**
 * CommitBatch holds frames that are written and synced together, and the callbacks that wait for that.
 * Buffers are reused, so that steady traffic allocates nothing.
 */
export class CommitBatch {
  buffer: Buffer = Buffer.allocUnsafe(CHUNK_BYTES);
  lengthBytes = 0;
  records = 0;
  /** Whether one of its records has what versions before message properties would read wrongly. */
  hasDetails = false;
  /** When its first record was added, by the monotonic clock. */
  firstAddedMs = 0;
  /** The receive time of its last record. */
  lastReceivedAtNs = 0n;
  /** Callbacks in the order of arrival, called when the batch is durable. */
  waiting: (() => void)[] = [];
  /** Set when its frames begin a new segment. */
  opens: SegmentName | undefined;

  /** Whether `record` still fits into `limitBytes`, at most one chunk; an empty batch takes any. */
  fits(record: StreamRecord, limitBytes: number): boolean {
    if (this.lengthBytes === 0) return true;
    return this.lengthBytes + maxFrameBytes(record) <= Math.min(CHUNK_BYTES, limitBytes);
  }

  add(record: StreamRecord, sequence: number, salt: number, stored: () => void): void {
    if (this.records === 0) this.firstAddedMs = performance.now();
    const needed = this.lengthBytes + maxFrameBytes(record);
    if (needed > this.buffer.length) this.buffer = Buffer.allocUnsafe(needed);
    this.lengthBytes = writeFrame(this.buffer, this.lengthBytes, record, sequence, salt);
    this.records += 1;
    if (record.properties !== undefined || record.refused !== undefined) this.hasDetails = true;
    this.lastReceivedAtNs = record.receivedAtNs;
    this.waiting.push(stored);
  }

  clear(): void {
    if (this.buffer.length > CHUNK_BYTES) this.buffer = Buffer.allocUnsafe(CHUNK_BYTES);
    this.lengthBytes = 0;
    this.records = 0;
    this.hasDetails = false;
    this.waiting = [];
    this.opens = undefined;
  }
}
