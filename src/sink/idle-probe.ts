import type { Clock } from '../lib/clock.js';
import type { Schedule } from '../lib/timers.js';

/** A store that was written to within this time needs no probe: the write has shown its state. */
const IDLE_MS = 30_000;
/** With the time-out of a request this is less than a minute from a fault to the status. */
const EVERY_MS = 15_000;
/** After the start: a missing database is then seen before the first message, in most cases. */
const FIRST_AFTER_MS = 2_000;

export interface IdleProbeParts {
  readonly clock: Pick<Clock, 'monotonicMs'>;
  /** Tries the store and shows the result in its status. Never rejects. */
  readonly probe: (signal: AbortSignal) => Promise<void>;
  readonly schedule?: Schedule;
}

/**
 * Tries an idle store from time to time, so that its status is not that of the last write hours ago. While writes flow,
 * and for half a minute after the last, it costs nothing.
 */
export class IdleProbe {
  readonly #parts: IdleProbeParts;
  readonly #schedule: Schedule;
  readonly #giveUp = new AbortController();
  #writes = 0;
  #lastWriteMs = Number.NEGATIVE_INFINITY;
  #cancel: (() => void) | undefined;
  #running: Promise<void> = Promise.resolve();

  constructor(parts: IdleProbeParts) {
    this.#parts = parts;
    this.#schedule = parts.schedule ?? scheduleInBackground;
  }

  start(): void {
    this.#next(FIRST_AFTER_MS);
  }

  /** Runs a write; no probe begins meanwhile. */
  async around<T>(write: () => Promise<T>): Promise<T> {
    this.#writes += 1;
    try {
      return await write();
    } finally {
      this.#writes -= 1;
      this.#lastWriteMs = this.#parts.clock.monotonicMs();
    }
  }

  /** Resolves when no probe runs any more. */
  async stop(): Promise<void> {
    this.#giveUp.abort();
    this.#cancel?.();
    await this.#running;
  }

  #next(delayMs: number): void {
    if (this.#giveUp.signal.aborted) return;
    this.#cancel = this.#schedule(delayMs, () => {
      this.#running = this.#probeIfIdle().then(() => this.#next(EVERY_MS));
    });
  }

  async #probeIfIdle(): Promise<void> {
    const { clock, probe } = this.#parts;
    if (this.#writes > 0 || clock.monotonicMs() - this.#lastWriteMs < IDLE_MS) return;
    await probe(this.#giveUp.signal);
  }
}

/** A probe that is due must not keep the process from ending. */
const scheduleInBackground: Schedule = (delayMs, run) => {
  const timer = setTimeout(run, delayMs).unref();
  return () => clearTimeout(timer);
};
