import { setImmediate as nextTurn } from 'node:timers/promises';

const SLICE_MS = 5;

/** For long loops: gives the thread to others whenever 5 ms have passed. */
export class TimeSlice {
  #startedMs = performance.now();

  /** `yield` is awaited only when this is true: awaiting a promise in every iteration would cost more than the work in it. */
  get isOver(): boolean {
    return performance.now() - this.#startedMs >= SLICE_MS;
  }

  async yield(): Promise<void> {
    await nextTurn();
    this.#startedMs = performance.now();
  }
}
