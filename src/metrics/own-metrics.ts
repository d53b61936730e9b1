import type { Clock } from '../clock.js';
import { withinDeadline } from '../lifecycle.js';
import type { Point } from '../sink/sink.js';
import { type Mark, markPoint } from './marks.js';
import { OwnPoints } from './own-points.js';
import type { MetricReading } from './readings.js';

export interface OwnMetricsOptions {
  readonly intervalMs: number;
  readonly measurement: string;
  /** Value of the tag `gateway`. */
  readonly instance: string;
}

export interface OwnMetricsParts {
  readonly read: () => Promise<readonly MetricReading[]>;
  /**
   * Resolves with how many points the store will never take, once it holds the others, however long that takes.
   * Rejects when nobody writes any more, or not now: the points are still ours. Calls do not overlap.
   */
  readonly write: (points: readonly Point[]) => Promise<number>;
  readonly clock: Clock;
}

export interface OwnMetricsCounters {
  /** Samples and marks given up: the store was away for too long, or the metrics could not be read. */
  readonly samplesDropped: number;
  readonly pointsRefused: number;
}

/** Samples and marks that are kept while the store is away: an hour of samples every ten seconds. */
export const MAX_WAITING_SAMPLES = 360;

/** So that catching up after an outage comes in a few requests, none of them large. */
const MAX_SAMPLES_A_WRITE = 30;

/**
 * Writes the metrics of the gateway into its store every interval, and marks for what happens to it. Invariants:
 * 1. They go past ledger and log: nothing here counts as a message.
 * 2. At most MAX_WAITING_SAMPLES wait, the oldest go first, and how many is counted.
 * 3. Nobody waits for it but `stop`, for as long as it is told.
 */
export class OwnMetrics {
  readonly #options: OwnMetricsOptions;
  readonly #parts: OwnMetricsParts;
  readonly #points: OwnPoints;
  /** The points of each sample or mark, oldest first. */
  readonly #waiting: (readonly Point[])[] = [];
  #underWay: readonly (readonly Point[])[] = [];
  #writing: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isStopped = false;
  #samplesDropped = 0;
  #pointsRefused = 0;

  constructor(options: OwnMetricsOptions, parts: OwnMetricsParts) {
    this.#options = options;
    this.#parts = parts;
    this.#points = new OwnPoints(options);
  }

  /** Before it only marks are taken, and kept. */
  start(): void {
    this.#timer = setInterval(() => void this.#sample(), this.#options.intervalMs).unref();
    void this.#sample();
  }

  mark(mark: Mark): void {
    this.#keep([markPoint(mark, this.#options, this.#parts.clock.nowNs())]);
    if (this.#timer !== undefined) this.#write();
  }

  counters(): OwnMetricsCounters {
    return { samplesDropped: this.#samplesDropped, pointsRefused: this.#pointsRefused };
  }

  /** Takes a last sample and tries to write what waits, for `deadlineMs` at most. */
  async stop(deadlineMs: number): Promise<void> {
    if (this.#timer === undefined) return;
    clearInterval(this.#timer);
    const last = this.#sample().then(async () => {
      while (this.#writing !== undefined) await this.#writing;
    });
    await withinDeadline(last, deadlineMs);
    this.#isStopped = true;
  }

  /** Never rejects: metrics that cannot be read must not end the gateway. */
  async #sample(): Promise<void> {
    try {
      const readings = await this.#parts.read();
      this.#keep(this.#points.of(readings, this.#parts.clock.nowNs()));
    } catch {
      this.#samplesDropped += 1;
    }
    this.#write();
  }

  #keep(points: readonly Point[]): void {
    this.#waiting.push(points);
    while (this.#waiting.length + this.#underWay.length > MAX_WAITING_SAMPLES && this.#waiting.length > 1) {
      this.#waiting.shift();
      this.#samplesDropped += 1;
    }
  }

  #write(): void {
    if (this.#writing !== undefined || this.#isStopped || this.#waiting.length === 0) return;
    this.#writing = this.#writeWaiting().finally(() => {
      this.#writing = undefined;
    });
  }

  /** Never rejects: what could not be written waits for the next sample. */
  async #writeWaiting(): Promise<void> {
    while (this.#waiting.length > 0 && !this.#isStopped) {
      this.#underWay = this.#waiting.splice(0, MAX_SAMPLES_A_WRITE);
      try {
        this.#pointsRefused += await this.#parts.write(this.#underWay.flat());
      } catch {
        this.#waiting.unshift(...this.#underWay);
        return;
      } finally {
        this.#underWay = [];
      }
    }
  }
}
