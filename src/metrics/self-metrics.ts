import type { Clock } from '../lib/clock.js';
import { withinDeadline } from '../lib/lifecycle.js';
import type { Point } from '../sink/point.js';
import { type Annotation, annotationPoint } from './annotations.js';
import type { MetricSample } from './samples.js';
import { SelfPoints } from './self-points.js';

export interface SelfMetricsOptions {
  readonly intervalMs: number;
  readonly measurement: string;
  /** Value of the tag `gateway`. */
  readonly instance: string;
}

export interface SelfMetricsParts {
  readonly read: () => Promise<readonly MetricSample[]>;
  /**
   * Writes points and resolves with the number that the store will never accept, once the others are stored, however
   * long that takes. When it rejects, the points are still the caller's. Calls do not overlap.
   */
  readonly write: (points: readonly Point[]) => Promise<number>;
  readonly clock: Clock;
}

export interface SelfMetricsCounters {
  /** Samples and annotations dropped because the store was unavailable for too long, or the metrics could not be read. */
  readonly samplesDropped: number;
  readonly pointsRefused: number;
}

/** Limit of samples and annotations that wait while the store is unavailable: one hour with a sample every ten seconds. */
export const MAX_WAITING_SAMPLES = 360;

/** Limit of samples per write, so that catching up after an outage takes few requests, none of them large. */
const MAX_SAMPLES_A_WRITE = 30;

/**
 * Writes the metrics of the gateway into its store every interval, and annotations for events. Invariants:
 * 1. The points bypass ledger and log: they do not count as records.
 * 2. At most MAX_WAITING_SAMPLES wait; beyond that the oldest are dropped and counted.
 * 3. Only `stop` waits for writes, up to its deadline.
 */
export class SelfMetrics {
  readonly #options: SelfMetricsOptions;
  readonly #parts: SelfMetricsParts;
  readonly #points: SelfPoints;
  /** The points of each sample or annotation, oldest first. */
  readonly #waiting: (readonly Point[])[] = [];
  #inFlight: readonly (readonly Point[])[] = [];
  #writing: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isStopped = false;
  #samplesDropped = 0;
  #pointsRefused = 0;

  constructor(options: SelfMetricsOptions, parts: SelfMetricsParts) {
    this.#options = options;
    this.#parts = parts;
    this.#points = new SelfPoints(options);
  }

  /** Starts sampling. Annotations from before the start are kept. */
  start(): void {
    this.#timer = setInterval(() => void this.#sample(), this.#options.intervalMs).unref();
    void this.#sample();
  }

  /** Writes an annotation as soon as possible. */
  annotate(annotation: Annotation): void {
    this.#keep([annotationPoint(annotation, this.#options, this.#parts.clock.nowNs())]);
    if (this.#timer !== undefined) this.#write();
  }

  counters(): SelfMetricsCounters {
    return { samplesDropped: this.#samplesDropped, pointsRefused: this.#pointsRefused };
  }

  /** Takes a last sample and tries to write all waiting points, for `deadlineMs` at most. */
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
      const samples = await this.#parts.read();
      this.#keep(this.#points.of(samples, this.#parts.clock.nowNs()));
    } catch {
      this.#samplesDropped += 1;
    }
    this.#write();
  }

  #keep(points: readonly Point[]): void {
    this.#waiting.push(points);
    while (this.#waiting.length + this.#inFlight.length > MAX_WAITING_SAMPLES && this.#waiting.length > 1) {
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

  /** Never rejects: points that could not be written wait for the next sample. */
  async #writeWaiting(): Promise<void> {
    while (this.#waiting.length > 0 && !this.#isStopped) {
      this.#inFlight = this.#waiting.splice(0, MAX_SAMPLES_A_WRITE);
      try {
        this.#pointsRefused += await this.#parts.write(this.#inFlight.flat());
      } catch {
        this.#waiting.unshift(...this.#inFlight);
        return;
      } finally {
        this.#inFlight = [];
      }
    }
  }
}
