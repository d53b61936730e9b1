/**
 * How far the log is durable, told by its writer to readers that may live on another thread. The number
 * crosses in shared memory; a wake-up crosses only when a reader sleeps and what it waits for is there.
 */

/** What a reader sees. */
export interface DurableEnd {
  /** Sequence behind the last durable record. */
  readonly sequence: number;
  /** Resolves once `sequence` is over `beyond`, or `signal` aborts, or `timeoutMs` have passed. */
  wait(beyond: number, signal: AbortSignal, timeoutMs?: number): Promise<void>;
}

const SEQUENCE_SLOT = 0;
/** The lowest sequence beyond which a sleeping reader wants to be woken; NOBODY when none sleeps. */
const WAKE_BEYOND_SLOT = 1;
const NOBODY = 2n ** 62n;

export function newDurableMemory(): SharedArrayBuffer {
  const memory = new SharedArrayBuffer(2 * BigInt64Array.BYTES_PER_ELEMENT);
  new BigInt64Array(memory)[WAKE_BEYOND_SLOT] = NOBODY;
  return memory;
}

/** The writer's side. `wake` is called when the end has moved past what a sleeping reader waits for. */
export class DurableEndWriter {
  readonly #slots: BigInt64Array;
  readonly #wakes: (() => void)[] = [];

  constructor(memory: SharedArrayBuffer) {
    this.#slots = new BigInt64Array(memory);
  }

  onMove(wake: () => void): void {
    this.#wakes.push(wake);
  }

  move(sequence: number): void {
    Atomics.store(this.#slots, SEQUENCE_SLOT, BigInt(sequence));
    if (BigInt(sequence) <= Atomics.load(this.#slots, WAKE_BEYOND_SLOT)) return;
    // Whoever still wants to sleep says so again.
    Atomics.store(this.#slots, WAKE_BEYOND_SLOT, NOBODY);
    for (const wake of this.#wakes) wake();
  }
}

/** The reader's side; `woken` is called by whatever carries the wake-up to this thread. */
export class DurableEndReader implements DurableEnd {
  readonly #slots: BigInt64Array;
  readonly #waiting = new Set<() => void>();

  constructor(memory: SharedArrayBuffer) {
    this.#slots = new BigInt64Array(memory);
  }

  get sequence(): number {
    return Number(Atomics.load(this.#slots, SEQUENCE_SLOT));
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

  /** Lowers the mark, never raises it: another reader may want to be woken earlier. */
  #announce(beyond: bigint): void {
    for (;;) {
      const mark = Atomics.load(this.#slots, WAKE_BEYOND_SLOT);
      if (mark <= beyond) return;
      if (Atomics.compareExchange(this.#slots, WAKE_BEYOND_SLOT, mark, beyond) === mark) return;
    }
  }
}
