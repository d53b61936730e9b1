import type { StreamRecord } from '../stream.js';
import { maxFrameBytes, writeFrame } from './frame.js';
import type { SegmentName } from './segment-name.js';

const CHUNK_BYTES = 1024 * 1024;

/**
 * Frames on their way to the disk: one buffer, written and synced as one, and who waits for it.
 * Buffers are used again, so that steady traffic allocates nothing.
 */
export class CommitBatch {
  buffer: Buffer = Buffer.allocUnsafe(CHUNK_BYTES);
  lengthBytes = 0;
  records = 0;
  /** When its first record came, by the monotonic clock. */
  firstAddedMs = 0;
  /** In the order of arrival; called when the batch is durable. */
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
    this.waiting.push(stored);
  }

  clear(): void {
    if (this.buffer.length > CHUNK_BYTES) this.buffer = Buffer.allocUnsafe(CHUNK_BYTES);
    this.lengthBytes = 0;
    this.records = 0;
    this.waiting = [];
    this.opens = undefined;
  }
}
