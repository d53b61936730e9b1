/** With 24 buckets per doubling a percentile is at most 3 % above the true value. */
const BUCKETS_PER_DOUBLING = 24;
/** 36 doublings of 1 µs are 19 hours. Longer latencies share the last bucket; `maxMs` stays exact. */
const BUCKETS = 36 * BUCKETS_PER_DOUBLING;

export interface LatencySummary {
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly max: number;
}

/** Counts latencies in buckets of equal relative width, so memory stays constant however long the run is. */
export class LatencyHistogram {
  readonly #counts = new Float64Array(BUCKETS);
  #total = 0;
  #maxMs = 0;

  add(latencyMs: number): void {
    const us = Math.max(1, latencyMs * 1000);
    const bucket = Math.min(BUCKETS - 1, Math.floor(Math.log2(us) * BUCKETS_PER_DOUBLING));
    this.#counts[bucket] = this.#counts[bucket]! + 1;
    this.#total++;
    if (latencyMs > this.#maxMs) this.#maxMs = latencyMs;
  }

  /** Returns percentiles in ms; undefined while nothing was added. */
  summary(): LatencySummary | undefined {
    if (this.#total === 0) return undefined;
    return {
      p50: this.#percentileMs(0.5),
      p90: this.#percentileMs(0.9),
      p99: this.#percentileMs(0.99),
      max: roundedMs(this.#maxMs),
    };
  }

  #percentileMs(share: number): number {
    let left = Math.ceil(this.#total * share);
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      left -= this.#counts[bucket]!;
      if (left > 0) continue;
      const upperMs = 2 ** ((bucket + 1) / BUCKETS_PER_DOUBLING) / 1000;
      return roundedMs(Math.min(upperMs, this.#maxMs));
    }
    return roundedMs(this.#maxMs);
  }
}

function roundedMs(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}
