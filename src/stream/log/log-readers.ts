import { type DurableEndWriter, MAX_SEATS } from './durable-end.js';

/** What a drop has taken from the readers. */
export interface MissedRecords {
  /** Records that no reader has read. */
  readonly records: number;
  /** Reader → records that it has not read; only readers that miss some. */
  readonly missed: Readonly<Record<string, number>>;
}

interface Reader {
  /** The position that it has saved. */
  saved: number;
  /** Absent for a reader that was not known when the log was opened. */
  readonly seat?: number;
  /** Records that were dropped before it came to them, as far as this process knows. */
  missed: number;
}

/** The readers of a log: how far each has saved that it needs nothing any more, and what each has missed. */
export class LogReaders {
  readonly #readers = new Map<string, Reader>();
  readonly #durableEnd: DurableEndWriter;

  /**
   * `known` are the positions in the checkpoints at the start, in the order of the seats. A reader without a saved
   * position needs every segment.
   */
  constructor(known: ReadonlyMap<string, number>, durableEnd: DurableEndWriter) {
    this.#durableEnd = durableEnd;
    for (const [name, saved] of known) {
      const seat = this.#readers.size;
      if (seat >= MAX_SEATS) throw new RangeError(`a log has at most ${MAX_SEATS} readers`);
      durableEnd.seat(seat, saved);
      this.#readers.set(name, { saved, seat, missed: 0 });
    }
  }

  /** A position never goes back. */
  saved(name: string, sequence: number): void {
    const reader = this.#readers.get(name);
    if (reader === undefined) this.#readers.set(name, { saved: sequence, missed: 0 });
    else reader.saved = Math.max(sequence, reader.saved);
  }

  /** The saved position of the slowest reader; 0 while there is none. */
  get slowest(): number {
    const saved = [...this.#readers.values()].map((reader) => reader.saved);
    return saved.length === 0 ? 0 : Math.min(...saved);
  }

  get fastest(): number {
    return Math.max(0, ...[...this.#readers.values()].map((reader) => reader.saved));
  }

  /** Records that were dropped before this reader came to them: those it has counted, and those it will count. */
  missedBy(name: string): number {
    return this.#readers.get(name)?.missed ?? 0;
  }

  /** Takes everything before `sequence` from all readers; what was before `oldest` is gone already. */
  drop(oldest: number, sequence: number): MissedRecords {
    let read = oldest;
    const missed: Record<string, number> = {};
    for (const [name, reader] of this.#readers) {
      const stood = this.#take(reader, sequence);
      read = Math.max(read, stood ?? sequence);
      if (stood === undefined) continue;
      reader.missed += sequence - stood;
      missed[name] = sequence - stood;
    }
    return { records: Math.max(0, sequence - read), missed };
  }

  #take({ seat, saved }: Reader, sequence: number): number | undefined {
    if (seat !== undefined) return this.#durableEnd.takeFrom(seat, sequence);
    return saved < sequence ? saved : undefined;
  }
}
