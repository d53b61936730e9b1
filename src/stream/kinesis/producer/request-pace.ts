import { backOffMs } from '../../../back-off.js';
import { STREAM_BACK_OFF } from '../back-off.js';

/**
 * How many requests may be under way, so that all that has gathered in an outage does not come at once:
 * 1. A request that fails as a whole halves the number, one that Kinesis answers raises it by one, up to the maximum.
 *    After an outage it starts from one.
 * 2. While the stream is missing, changing or denied, one request probes after each back-off, and nothing else goes.
 * Within that each lane has one Kinesis record under way at most, and backs off by itself when that one fails; so the
 * most that can arrive at once is the maximum times a full request.
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

  /** From when another request may go, `-Infinity` for now; undefined: when one of those under way has ended. */
  nextAtMs(underWay: number): number | undefined {
    if (this.#probeAtMs !== undefined) return underWay === 0 ? this.#probeAtMs : undefined;
    return underWay < this.#allowed ? Number.NEGATIVE_INFINITY : undefined;
  }

  /** Kinesis has taken a request, whatever became of its entries. */
  answered(): void {
    this.#probeAtMs = undefined;
    this.#failedProbes = 0;
    this.#allowed = Math.min(this.#max, this.#allowed + 1);
  }

  /** A request failed as a whole, and the stream as such may be sound. */
  congested(): void {
    this.#probeAtMs = undefined;
    this.#allowed = Math.max(1, this.#allowed >> 1);
  }

  /** The stream cannot be used as things are. Requests that were under way beside count as one failure. */
  unusable(nowMs: number, wasProbe: boolean): void {
    if (this.#probeAtMs !== undefined && !wasProbe) return;
    this.#failedProbes += 1;
    this.#probeAtMs = nowMs + backOffMs(this.#failedProbes, STREAM_BACK_OFF, this.#random);
    this.#allowed = 1;
  }
}
