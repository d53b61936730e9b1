import { unlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { Segment } from './recover-log.js';

/** SealedSegments has the closed segments of a log, oldest first, and deletes those that are not needed. */
export class SealedSegments {
  readonly #directory: string;
  readonly #segments: Segment[];
  readonly #readers: ReaderPositions;
  readonly #onDeleted: (segment: Segment) => void;
  #sizeBytes: number;

  constructor(
    directory: string,
    segments: readonly Segment[],
    readers: ReaderPositions,
    onDeleted: (segment: Segment) => void,
  ) {
    this.#onDeleted = onDeleted;
    this.#directory = directory;
    this.#segments = [...segments];
    this.#readers = readers;
    this.#sizeBytes = segments.reduce((sum, segment) => sum + segment.sizeBytes, 0);
  }

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  get isEmpty(): boolean {
    return this.#segments.length === 0;
  }

  add(segment: Segment): void {
    this.#segments.push(segment);
    this.#sizeBytes += segment.sizeBytes;
  }

  /** Deletes the oldest segment even if it is needed, and returns how many unread records it had. `endOfAll` is the sequence behind the newest segment. */
  async dropOldest(endOfAll: number): Promise<{ readonly fileName: string; readonly records: number }> {
    const oldest = this.#segments[0]!;
    const end = this.#segments[1]?.base ?? endOfAll;
    const records = Math.max(0, end - Math.max(oldest.base, this.#readers.slowest));
    await this.#deleteOldest();
    return { fileName: oldest.fileName, records };
  }

  /** Deletes the segments that every reader has left behind, except for the last `keep`. */
  async deleteConsumed(endOfAll: number, keep: number): Promise<void> {
    while (this.#segments.length > keep) {
      const end = this.#segments[1]?.base ?? endOfAll;
      if (end > this.#readers.slowest) return;
      await this.#deleteOldest();
    }
  }

  async #deleteOldest(): Promise<void> {
    const oldest = this.#segments.shift()!;
    this.#sizeBytes -= oldest.sizeBytes;
    await unlink(join(this.#directory, oldest.fileName));
    this.#onDeleted(oldest);
  }
}

/** ReaderPositions has the saved position of each reader of a log: segments below all of them are not needed. */
export class ReaderPositions {
  readonly #saved: Map<string, number>;

  /** `known` are the positions in the checkpoints at the start. A reader without a saved position needs every segment. */
  constructor(known: ReadonlyMap<string, number> = new Map()) {
    this.#saved = new Map(known);
  }

  /** A position never goes back. */
  saved(reader: string, sequence: number): void {
    this.#saved.set(reader, Math.max(sequence, this.#saved.get(reader) ?? 0));
  }

  /** The position of the slowest reader; 0 while there is none. */
  get slowest(): number {
    return this.#saved.size === 0 ? 0 : Math.min(...this.#saved.values());
  }

  get fastest(): number {
    return Math.max(0, ...this.#saved.values());
  }
}
