import type { Schedule } from '../../../timers.js';

/** Lets one caller wait until something has happened. Who was woken looks for himself what it was. */
export class WakeUp {
  readonly #timers: Schedule;
  #waiting: (() => void) | undefined;

  constructor(timers: Schedule) {
    this.#timers = timers;
  }

  wake(): void {
    this.#waiting?.();
  }

  /** Resolves at the next `wake`, after `ms` if given, or when `signal` aborts. Calls do not overlap. */
  wait(signal: AbortSignal, ms?: number): Promise<void> {
    if (signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const finish = () => {
        this.#waiting = undefined;
        cancel?.();
        signal.removeEventListener('abort', finish);
        resolve();
      };
      const cancel = ms === undefined ? undefined : this.#timers(ms, finish);
      signal.addEventListener('abort', finish, { once: true });
      this.#waiting = finish;
    });
  }
}
