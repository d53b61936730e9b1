import { type EventLoopUtilization, performance } from 'node:perf_hooks';

/** Asked more often than this, it answers the same again: several scrapers must not cut the time into crumbs. */
const LEAST_WINDOW_MS = 1_000;

/** The share of time that a thread's event loop was busy since it was asked before, 0 to 1. */
export class Utilization {
  readonly #read: () => EventLoopUtilization;
  readonly #nowMs: () => number;
  #before: EventLoopUtilization | undefined;
  #askedAtMs = Number.NEGATIVE_INFINITY;
  #ratio = 0;

  constructor(read: () => EventLoopUtilization, nowMs: () => number = () => performance.now()) {
    this.#read = read;
    this.#nowMs = nowMs;
  }

  ratio(): number {
    const nowMs = this.#nowMs();
    if (nowMs - this.#askedAtMs < LEAST_WINDOW_MS) return this.#ratio;
    const now = this.#read();
    const { utilization } =
      this.#before === undefined ? now : performance.eventLoopUtilization(now, this.#before);
    this.#before = now;
    this.#askedAtMs = nowMs;
    // Not a number while a thread has not begun.
    this.#ratio = Number.isFinite(utilization) ? utilization : 0;
    return this.#ratio;
  }
}
