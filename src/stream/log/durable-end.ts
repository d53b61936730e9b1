/**
 * How far the log is durable, told by its writer to readers that may live on another thread. The number
 * crosses in shared memory; a wake-up crosses only when a reader sleeps.
 */

/** What a reader sees. */
export interface DurableEnd {
  /** Sequence behind the last durable record. */
  readonly sequence: number;
  /** Resolves once `sequence` is over `beyond`, or `signal` aborts, or `timeoutMs` have passed. */
  wait(beyond: number, signal: AbortSignal, timeoutMs?: number): Promise<void>;
}

const SEQUENCE_SLOT = 0;
const SLEEPERS_SLOT = 1;

export function newDurableMemory(): SharedArrayBuffer {
  return new SharedArrayBuffer(2 * BigInt64Array.BYTES_PER_ELEMENT);
}

/** The writer's side. `wake` is called when a reader sleeps and the end has moved. */
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
    if (Atomics.load(this.#slots, SLEEPERS_SLOT) === 0n) return;
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
      // Announced before the first look: a move between look and sleep would otherwise wake nobody.
      Atomics.add(this.#slots, SLEEPERS_SLOT, 1n);
      let timer: NodeJS.Timeout | undefined;
      const finish = () => {
        Atomics.sub(this.#slots, SLEEPERS_SLOT, 1n);
        this.#waiting.delete(check);
        signal.removeEventListener('abort', finish);
        clearTimeout(timer);
        resolve();
      };
      const check = () => {
        if (this.sequence > beyond) finish();
      };
      this.#waiting.add(check);
      if (signal.aborted || this.sequence > beyond) {
        finish();
        return;
      }
      signal.addEventListener('abort', finish, { once: true });
      if (timeoutMs !== undefined) timer = setTimeout(finish, timeoutMs);
    });
  }
}
