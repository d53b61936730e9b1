import { setImmediate as nextTurn } from 'node:timers/promises';

const SLICE_MS = 5;

/** For long loops: lets others on the thread have their turn whenever a slice of time is over. */
export class TimeSlice {
  #startedMs = performance.now();

  /** To be awaited only when it says so: a promise for each turn of a loop would cost more than the turn. */
  get isOver(): boolean {
    return performance.now() - this.#startedMs >= SLICE_MS;
  }

  async yield(): Promise<void> {
    await nextTurn();
    this.#startedMs = performance.now();
  }
}
