/**
 * DurableEnd shows a reader how far the log is durable. Writer and readers may be on different threads: the number is in
 * shared memory, and a wake-up is sent only when a reader sleeps and the record it waits for is durable.
 */
export interface DurableEnd {
  /** The sequence behind the last durable record. */
  readonly sequence: number;
  /**
   * Moves the reader in `seat` from sequence `from` to `to`, once it has read what lies between. When the writer has taken
   * records behind `from` from it meanwhile, it does not move, and where it stands now is returned: the records from
   * `from` to there are missed. The writer does not know a reader without a seat.
   */
  claim(seat: number | undefined, from: number, to: number): number | undefined;
  /** The log has deleted what lies before this sequence. */
  readonly oldest: number;
  /** Resolves once `sequence` is over `beyond`, or `signal` aborts, or `timeoutMs` have passed. */
  wait(beyond: number, signal: AbortSignal, timeoutMs?: number): Promise<void>;
}

const SEQUENCE_SLOT = 0;
/** The lowest sequence beyond which a sleeping reader wants to be woken; NO_READER when none sleeps. */
const WAKE_BEYOND_SLOT = 1;
/** The sequence before which the log has deleted everything. */
const OLDEST_SLOT = 2;
/** One slot for each reader that the writer knows: the sequence behind the last record that it has read or missed. */
const FIRST_SEAT_SLOT = 3;
/** More readers than any log has. */
export const MAX_SEATS = 8;
const NO_READER = 2n ** 62n;

export function newDurableMemory(): SharedArrayBuffer {
  const memory = new SharedArrayBuffer((FIRST_SEAT_SLOT + MAX_SEATS) * BigInt64Array.BYTES_PER_ELEMENT);
  new BigInt64Array(memory)[WAKE_BEYOND_SLOT] = NO_READER;
  return memory;
}

/** DurableEndWriter is the writer's side. It calls `wake` when the end has passed the sequence a reader waits for. */
export class DurableEndWriter {
  readonly #slots: BigInt64Array;
  readonly #wakes: (() => void)[] = [];

  constructor(memory: SharedArrayBuffer) {
    this.#slots = new BigInt64Array(memory);
  }

  onMove(wake: () => void): void {
    this.#wakes.push(wake);
  }

  /** To be called before a reader takes this seat. */
  seat(seat: number, sequence: number): void {
    Atomics.store(this.#slots, FIRST_SEAT_SLOT + seat, BigInt(sequence));
  }

  /** The sequence behind the last record that the reader in this seat has read or missed. */
  standOf(seat: number): number {
    return Number(Atomics.load(this.#slots, FIRST_SEAT_SLOT + seat));
  }

  /** Everything before `sequence` is about to be deleted. Readers learn it before it is gone. */
  deleteBefore(sequence: number): void {
    Atomics.store(this.#slots, OLDEST_SLOT, BigInt(sequence));
  }

  /**
   * Takes everything before `sequence` from the reader in this seat. Returns where it stood if it had not read all of it:
   * the records from there on are what it misses. Writer and reader change the one number by turns, so that no record is
   * both read and missed.
   */
  takeFrom(seat: number, sequence: number): number | undefined {
    for (;;) {
      const stand = Atomics.load(this.#slots, FIRST_SEAT_SLOT + seat);
      if (stand >= BigInt(sequence)) return undefined;
      const before = Atomics.compareExchange(this.#slots, FIRST_SEAT_SLOT + seat, stand, BigInt(sequence));
      if (before === stand) return Number(stand);
    }
  }

  move(sequence: number): void {
    Atomics.store(this.#slots, SEQUENCE_SLOT, BigInt(sequence));
    if (BigInt(sequence) <= Atomics.load(this.#slots, WAKE_BEYOND_SLOT)) return;
    // A reader that still has to wait announces it again.
    Atomics.store(this.#slots, WAKE_BEYOND_SLOT, NO_READER);
    for (const wake of this.#wakes) wake();
  }
}

/** DurableEndReader is the reader's side. The receiver of the wake-up on this thread calls `woken`. */
export class DurableEndReader implements DurableEnd {
  readonly #slots: BigInt64Array;
  readonly #waiting = new Set<() => void>();

  constructor(memory: SharedArrayBuffer) {
    this.#slots = new BigInt64Array(memory);
  }

  get sequence(): number {
    return Number(Atomics.load(this.#slots, SEQUENCE_SLOT));
  }

  get oldest(): number {
    return Number(Atomics.load(this.#slots, OLDEST_SLOT));
  }

  claim(seat: number | undefined, from: number, to: number): number | undefined {
    if (seat === undefined) return from < this.oldest ? this.oldest : undefined;
    for (;;) {
      const stand = Atomics.load(this.#slots, FIRST_SEAT_SLOT + seat);
      if (stand > BigInt(from)) return Number(stand);
      const before = Atomics.compareExchange(this.#slots, FIRST_SEAT_SLOT + seat, stand, BigInt(to));
      if (before === stand) return undefined;
    }
  }

  woken(): void {
    for (const check of [...this.#waiting]) check();
  }

  wait(beyond: number, signal: AbortSignal, timeoutMs?: number): Promise<void> {
    return new Promise((resolve) => {
      let timer: NodeJS.Timeout | undefined;
      const finish = () => {
        this.#waiting.delete(check);
        signal.removeEventListener('abort', finish);
        clearTimeout(timer);
        resolve();
      };
      const check = () => {
        // Announced before the last look: a move between look and sleep would otherwise wake nobody.
        if (this.sequence <= beyond) this.#announce(BigInt(beyond));
        if (this.sequence > beyond) finish();
      };
      this.#waiting.add(check);
      signal.addEventListener('abort', finish, { once: true });
      if (timeoutMs !== undefined) timer = setTimeout(finish, timeoutMs);
      check();
      if (signal.aborted) finish();
    });
  }

  /** Lowers the sequence in WAKE_BEYOND_SLOT and never raises it: another reader may want to be woken earlier. */
  #announce(beyond: bigint): void {
    for (;;) {
      const current = Atomics.load(this.#slots, WAKE_BEYOND_SLOT);
      if (current <= beyond) return;
      if (Atomics.compareExchange(this.#slots, WAKE_BEYOND_SLOT, current, beyond) === current) return;
    }
  }
}
