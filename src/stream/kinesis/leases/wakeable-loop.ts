import type { Pause } from '../../../lib/timers.js';

/** WakeableLoop runs `step` again and again. `step` resolves with how long to wait before the next run, in ms, and must not reject. */
export class WakeableLoop {
  readonly #step: () => Promise<number>;
  readonly #sleep: Pause;
  #pause = new AbortController();
  #isStopped = false;

  constructor(step: () => Promise<number>, sleep: Pause) {
    this.#step = step;
    this.#sleep = sleep;
  }

  /** Resolves once the loop was stopped and the present step is done. */
  async run(firstInMs = 0): Promise<void> {
    if (firstInMs > 0) await this.#sleep(firstInMs, this.#pause.signal);
    while (!this.#isStopped) {
      // Made before the step, so that a `wake` during the step starts another one at once.
      this.#pause = new AbortController();
      const inMs = await this.#step();
      if (!this.#isStopped) await this.#sleep(inMs, this.#pause.signal);
    }
  }

  /** Ends the wait for the next step, or the next wait when a step is running. */
  wake(): void {
    this.#pause.abort();
  }

  stop(): void {
    this.#isStopped = true;
    this.#pause.abort();
  }
}

/** Runs `work` for each of `all`, at most `limit` at a time, whether others fail or not. Resolves with everything that was thrown. */
export async function forEachLimited<T>(
  all: readonly T[],
  limit: number,
  work: (one: T) => Promise<void>,
): Promise<readonly unknown[]> {
  const failures: unknown[] = [];
  const rest = all.values();
  const runOneAfterAnother = async () => {
    for (const one of rest) {
      try {
        await work(one);
      } catch (thrown) {
        failures.push(thrown);
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(limit, all.length) }, runOneAfterAnother));
  return failures;
}
