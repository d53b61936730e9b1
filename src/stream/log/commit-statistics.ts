import { type LatencyCounts, LatencyHistogram } from '../../lib/latency-histogram.js';
import type { CommitBatch } from './commit-queue.js';

export interface CommitCounters {
  readonly recordsAppended: number;
  readonly bytesAppended: number;
  readonly commits: number;
  /** The time from `append` to `stored` of the oldest record of each commit, counted for all its records. */
  readonly latency: LatencyCounts;
  /** The time of write and fdatasync of each commit. */
  readonly syncTimes: LatencyCounts;
}

/** Counts and times the commits of a log. */
export class CommitStatistics {
  readonly #latency = new LatencyHistogram();
  readonly #syncTimes = new LatencyHistogram();
  #counters = { recordsAppended: 0, bytesAppended: 0, commits: 0 };

  /** The batch is durable; writing it began at `startedMs` of `performance.now()`. */
  observe({ records, lengthBytes, firstAddedMs }: CommitBatch, startedMs: number): void {
    const nowMs = performance.now();
    this.#syncTimes.observe(nowMs - startedMs, 1);
    this.#latency.observe(nowMs - firstAddedMs, records);
    this.#counters.recordsAppended += records;
    this.#counters.bytesAppended += lengthBytes;
    this.#counters.commits += 1;
  }

  snapshot(): CommitCounters {
    return {
      ...this.#counters,
      latency: this.#latency.snapshot(),
      syncTimes: this.#syncTimes.snapshot(),
    };
  }
}
