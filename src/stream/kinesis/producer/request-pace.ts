import { type BackOff, backOffMs } from '../../../lib/back-off.js';

/**
 * RequestPace decides how many requests may be in flight, so that what was buffered in an outage is not sent all at
 * once:
 * 1. A request that fails as a whole halves the number, and one that Kinesis answers raises it by one, up to the
 *    maximum. After an outage it starts at one.
 * 2. While the stream is missing, changing or denied, one request probes it after each back-off, and nothing else is
 *    sent.
 * Within that each queue has at most one Kinesis record in flight, and its own back-off when that record fails. So at
 * most the maximum number of full requests can arrive at once.
 */
export class RequestPace {
  readonly #max: number;
  readonly #random: () => number;
  #allowed: number;
  #probeAtMs: number | undefined;
  #failedProbes = 0;

  constructor(max: number, random: () => number) {
    this.#max = max;
    this.#random = random;
    this.#allowed = max;
  }

  get isProbing(): boolean {
    return this.#probeAtMs !== undefined;
  }

  /** Returns when another request may be sent, `-Infinity` for now; undefined when one of those in flight has to end first. */
  nextAtMs(inFlight: number): number | undefined {
    if (this.#probeAtMs !== undefined) return inFlight === 0 ? this.#probeAtMs : undefined;
    return inFlight < this.#allowed ? Number.NEGATIVE_INFINITY : undefined;
  }

  /** Kinesis has answered a request, whatever the outcome of its entries. */
  answered(): void {
    this.#probeAtMs = undefined;
    this.#failedProbes = 0;
    this.#allowed = Math.min(this.#max, this.#allowed + 1);
  }

  /** A request failed as a whole, though the stream itself may be usable. */
  congested(): void {
    this.#probeAtMs = undefined;
    this.#allowed = Math.max(1, this.#allowed >> 1);
  }

  /** The stream cannot be used as it is. Requests that were in flight at the same time count as one failure. */
  unusable(nowMs: number, wasProbe: boolean): void {
    if (this.#probeAtMs !== undefined && !wasProbe) return;
    this.#failedProbes += 1;
    this.#probeAtMs = nowMs + backOffMs(this.#failedProbes, STREAM_BACK_OFF, this.#random);
    this.#allowed = 1;
  }
}

/** For one Kinesis record that was throttled, failed or may be stored. */
export const RECORD_BACK_OFF: BackOff = { baseMs: 100, capMs: 5_000 };

/** For the whole stream, while it is missing, changing or denied. */
export const STREAM_BACK_OFF: BackOff = { baseMs: 500, capMs: 30_000 };
