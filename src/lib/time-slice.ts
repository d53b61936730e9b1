import { setImmediate as nextTurn, setTimeout as pause } from 'node:timers/promises';

const SLICE_MS = 5;

/** For long loops: gives the thread to others whenever 5 ms have passed. */
export class TimeSlice {
  readonly #restMs: number;
  #startedMs = performance.now();

  /** With `restMs` the loop rests that long after each slice: it then takes only a part of the thread's time. */
  constructor(restMs = 0) {
    this.#restMs = restMs;
  }

  /** `yield` is awaited only when this is true: awaiting a promise in every iteration would cost more than the work in it. */
  get isOver(): boolean {
    return performance.now() - this.#startedMs >= SLICE_MS;
  }

  async yield(): Promise<void> {
    await (this.#restMs > 0 ? pause(this.#restMs) : nextTurn());
    this.#startedMs = performance.now();
  }
}
