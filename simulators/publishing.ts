import type { RunClock } from './clock.js';
import type { Pump } from './pump.js';
import type { StoppedBy } from './summary.js';

const LEAST_SLEEP_MS = 2;
const MOST_SLEEP_MS = 1000;

export interface PublishingOptions {
  readonly clock: RunClock;
  readonly stop: AbortSignal;
  /** How long the readings that are held back at the end may wait for a broker that is down. */
  readonly ackTimeoutMs: number;
  /** Without it the readings end by themselves, or with `stop`. */
  readonly durationMs?: number;
  /** How long ago the first reading was due. */
  readonly behindMs: number;
}

/** Publishes the readings of some pumps, each when it is due, until the count, the duration or a signal ends it. */
export class Publishing {
  readonly #pumps: readonly Pump[];
  readonly #options: PublishingOptions;
  readonly #startedAtMs: number;
  #timer: NodeJS.Timeout | undefined;
  #ending: NodeJS.Timeout | undefined;
  #immediate: NodeJS.Immediate | undefined;
  #stoppedBy: StoppedBy = 'count';
  #finish: (() => void) | undefined;

  constructor(pumps: readonly Pump[], options: PublishingOptions) {
    this.#pumps = pumps;
    this.#options = options;
    this.#startedAtMs = options.clock.monotonicMs();
  }

  get ranForMs(): number {
    return this.#options.clock.monotonicMs() - this.#startedAtMs;
  }

  run(): Promise<StoppedBy> {
    const { stop } = this.#options;
    return new Promise((resolve) => {
      const onSignal = (): void => {
        this.#stoppedBy = 'signal';
        for (const pump of this.#pumps) pump.discard();
        this.#finish?.();
      };
      this.#finish = () => {
        this.#finish = undefined;
        stop.removeEventListener('abort', onSignal);
        clearTimeout(this.#timer);
        clearTimeout(this.#ending);
        clearImmediate(this.#immediate);
        resolve(this.#stoppedBy);
      };
      if (stop.aborted) {
        onSignal();
        return;
      }
      stop.addEventListener('abort', onSignal, { once: true });
      this.#publishDue();
    });
  }

  /** A connection can publish again. */
  onRoom(): void {
    if (this.#immediate || !this.#finish) return;
    this.#immediate = setImmediate(() => {
      this.#immediate = undefined;
      this.#publishDue();
    });
  }

  #publishDue(): void {
    const { durationMs, behindMs, ackTimeoutMs } = this.#options;
    const ranForMs = this.ranForMs;
    if (durationMs !== undefined && ranForMs >= durationMs && this.#stoppedBy === 'count') {
      this.#stoppedBy = 'duration';
      for (const pump of this.#pumps) pump.stop();
      // Readings that are held back are still published, but a broker that is down must not keep the run alive.
      this.#ending = setTimeout(() => this.#finish?.(), ackTimeoutMs);
    }
    for (const pump of this.#pumps) pump.run((ranForMs + behindMs) * 1000);
    if (this.#pumps.every((pump) => pump.exhausted)) this.#finish?.();
    else this.#sleepUntilDue(ranForMs);
  }

  #sleepUntilDue(ranForMs: number): void {
    const { durationMs, behindMs } = this.#options;
    let sleepMs = MOST_SLEEP_MS;
    for (const pump of this.#pumps) {
      const dueUs = pump.nextDueUs();
      if (dueUs !== undefined) sleepMs = Math.min(sleepMs, dueUs / 1000 - behindMs - ranForMs);
    }
    if (durationMs !== undefined && ranForMs < durationMs) sleepMs = Math.min(sleepMs, durationMs - ranForMs);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#publishDue(), Math.max(LEAST_SLEEP_MS, sleepMs));
  }
}
