import { unlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { ReaderPositions } from './reader-positions.js';
import type { Segment } from './recover-log.js';

/** The closed segments of a log, oldest first, and who still needs them. */
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

  /** Needed or not. `endOfAll` is the sequence behind the newest; tells what some reader has not read yet. */
  async dropOldest(endOfAll: number): Promise<{ readonly fileName: string; readonly records: number }> {
    const oldest = this.#segments[0]!;
    const end = this.#segments[1]?.base ?? endOfAll;
    const records = Math.max(0, end - Math.max(oldest.base, this.#readers.slowest));
    await this.#deleteOldest();
    return { fileName: oldest.fileName, records };
  }

  /** What every reader has left behind, but for the last `keep`. */
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
