import type { DurableEndWriter } from './durable-end.js';
import type { LogNote } from './log-note.js';
import type { LogReaders } from './log-readers.js';
import type { SealedSegments } from './sealed-segments.js';

export interface RetentionParts {
  readonly sealed: SealedSegments;
  readonly readers: LogReaders;
  readonly note: LogNote;
  readonly durableEnd: DurableEndWriter;
}

/** What `dropOldest` has dropped. */
export interface DroppedSegment {
  readonly fileName: string;
  /** Records that no reader has read. */
  readonly records: number;
  /** Reader → records that it has not read. */
  readonly missed: Readonly<Record<string, number>>;
}

/**
 * Retention deletes old segments: those that all readers have left behind, and in need those that they have not. In both
 * cases the note and the readers know before a file is gone, so that what is missing is never taken for damage.
 */
export class Retention {
  readonly #parts: RetentionParts;
  #droppedRecords = 0;

  constructor(parts: RetentionParts) {
    this.#parts = parts;
  }

  /** Records that were dropped and that no reader has read. */
  get droppedRecords(): number {
    return this.#droppedRecords;
  }

  /** Deletes the segments that every reader has left behind, except for the last `keep`; `endOfAll` is the sequence behind them. */
  async deleteConsumed(endOfAll: number, keep: number, lastReceivedAtNs: bigint): Promise<void> {
    const { sealed, readers, note, durableEnd } = this.#parts;
    while (sealed.count > keep) {
      const oldest = sealed.oldest(endOfAll);
      if (oldest === undefined || oldest.end > readers.slowest) return;
      await note.raise(oldest.end, lastReceivedAtNs);
      durableEnd.deleteBefore(note.oldest);
      // Another call may have deleted it meanwhile.
      if (sealed.oldest(endOfAll)?.fileName === oldest.fileName) await sealed.deleteOldest();
    }
  }

  /** Deletes the oldest segment although readers need it; `undefined` when there is none. */
  async dropOldest(endOfAll: number, lastReceivedAtNs: bigint): Promise<DroppedSegment | undefined> {
    const { sealed, readers, note, durableEnd } = this.#parts;
    const oldest = sealed.oldest(endOfAll);
    if (oldest === undefined) return undefined;
    const before = note.oldest;
    await note.raise(oldest.end, lastReceivedAtNs);
    // Readers first: one that notices the deletion must already know what it misses.
    const { records, missed } = readers.drop(before, oldest.end);
    durableEnd.deleteBefore(note.oldest);
    this.#droppedRecords += records;
    if (sealed.oldest(endOfAll)?.fileName === oldest.fileName) await sealed.deleteOldest();
    return { fileName: oldest.fileName, records, missed };
  }
}
