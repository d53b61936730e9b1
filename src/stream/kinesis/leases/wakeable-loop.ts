import type { Pause } from '../../../pause.js';

/** Does something again and again. `turn` resolves with how long to wait before the next one, in ms, and must not reject. */
export class WakeableLoop {
  readonly #turn: () => Promise<number>;
  readonly #sleep: Pause;
  #pause = new AbortController();
  #isStopped = false;

  constructor(turn: () => Promise<number>, sleep: Pause) {
    this.#turn = turn;
    this.#sleep = sleep;
  }

  /** Resolves once it was stopped and the turn under way is done. */
  async run(firstInMs = 0): Promise<void> {
    if (firstInMs > 0) await this.#sleep(firstInMs, this.#pause.signal);
    while (!this.#isStopped) {
      // Before the turn: what wakes during it asks for another one.
      this.#pause = new AbortController();
      const inMs = await this.#turn();
      if (!this.#isStopped) await this.#sleep(inMs, this.#pause.signal);
    }
  }

  /** No waiting for the next turn. */
  wake(): void {
    this.#pause.abort();
  }

  stop(): void {
    this.#isStopped = true;
    this.#pause.abort();
  }
}
