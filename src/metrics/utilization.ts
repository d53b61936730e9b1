import { type EventLoopUtilization, performance } from 'node:perf_hooks';

/** Calls within this time get the same ratio, so that several scrapers do not shorten the measured time. */
const MIN_WINDOW_MS = 1_000;

/** Measures the share of time, 0 to 1, that a thread's event loop was busy since the previous call. */
export class Utilization {
  readonly #read: () => EventLoopUtilization;
  readonly #nowMs: () => number;
  #previous: EventLoopUtilization | undefined;
  #measuredAtMs = Number.NEGATIVE_INFINITY;
  #ratio = 0;

  constructor(read: () => EventLoopUtilization, nowMs: () => number = () => performance.now()) {
    this.#read = read;
    this.#nowMs = nowMs;
  }

  ratio(): number {
    const nowMs = this.#nowMs();
    if (nowMs - this.#measuredAtMs < MIN_WINDOW_MS) return this.#ratio;
    const now = this.#read();
    const { utilization } =
      this.#previous === undefined ? now : performance.eventLoopUtilization(now, this.#previous);
    this.#previous = now;
    this.#measuredAtMs = nowMs;
    // NaN before the thread has started.
    this.#ratio = Number.isFinite(utilization) ? utilization : 0;
    return this.#ratio;
  }
}
