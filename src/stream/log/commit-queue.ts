import type { StreamRecord } from '../stream.js';
import { CommitBatch } from './commit-batch.js';
import { newSegmentName, type SegmentName } from './segment-name.js';

const MAX_SPARE = 4;

/**
 * Records on their way to the disk, encoded as they come: batches in order, each of one segment. Which record
 * begins a new segment is decided here, because a frame's checksum holds the salt of its segment.
 */
export class CommitQueue {
  readonly #segmentSizeBytes: number;
  /** Where the frames being encoded will go: the active segment, or one that a queued batch opens. */
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

  /** Bytes added and not yet settled. */
  get pendingBytes(): number {
    return this.#pendingBytes;
  }

  /** Next to be committed; still filled by `add`. */
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

  /** `reached` is called when everything added before has been answered. */
  addBarrier(reached: () => void): void {
    let last = this.#batches.at(-1);
    if (last === undefined) {
      last = this.#freshBatch();
      this.#batches.push(last);
    }
    last.waiting.push(reached);
  }

  /** The first batch, to be committed; `add` goes on with the next. */
  take(): CommitBatch {
    return this.#batches.shift()!;
  }

  /** The batch is on disk: gives it back, and who waits for it. */
  settle(batch: CommitBatch): readonly (() => void)[] {
    const { waiting } = batch;
    this.#pendingBytes -= batch.lengthBytes;
    batch.clear();
    if (this.#spare.length < MAX_SPARE) this.#spare.push(batch);
    return waiting;
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
