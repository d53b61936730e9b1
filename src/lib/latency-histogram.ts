/** The upper bounds of the buckets, from the time of one fdatasync to that of an outage. */
export const LATENCY_BOUNDS_MS: readonly number[] = [
  1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000, 60_000, 300_000,
];

export interface LatencyCounts {
  /** How many were within each bound and above the one before; the last entry counts those above all bounds. */
  readonly counts: readonly number[];
  readonly sumMs: number;
}

/** LatencyHistogram counts latencies. A snapshot has plain numbers, so that it can be sent between threads. */
export class LatencyHistogram {
  readonly #counts: number[] = Array.from({ length: LATENCY_BOUNDS_MS.length + 1 }, () => 0);
  #sumMs = 0;

  /** Counts `times` operations that took `latencyMs` each; a negative latency counts as 0 (the clock was set back). */
  observe(latencyMs: number, times: number): void {
    const ms = Math.max(0, latencyMs);
    let at = 0;
    while (at < LATENCY_BOUNDS_MS.length && ms > LATENCY_BOUNDS_MS[at]!) at += 1;
    this.#counts[at]! += times;
    this.#sumMs += ms * times;
  }

  snapshot(): LatencyCounts {
    return { counts: [...this.#counts], sumMs: this.#sumMs };
  }
}
