/** @import { LiveState } from './types.js' */

/**
 * @typedef {object} IdlenessState
 * @property {number} startedAtMs
 * @property {number} sampledAtMs
 * @property {Pick<NonNullable<LiveState['consumer']>, 'recordsRead' | 'lagMs'>} [consumer]
 * @property {Pick<NonNullable<LiveState['sink']>, 'status'>} [sink]
 */

/** The consumer is idle when it reads nothing for this long although records wait and the sink is healthy. */
const IDLE_AFTER_MS = 15_000;
/** Two states further apart leave open what the sink did in between: the tab was hidden. */
const MAX_GAP_MS = 5_000;

/**
 * Detects a consumer that has stopped reading. While the sink fails the consumer only waits, and its first batch after
 * that takes a while. So the time counts from when the sink was healthy again.
 */
export class ConsumerIdleness {
  /** @type {number | null} */
  #startedAtMs = null;
  #seenAtMs = 0;
  #recordsRead = 0;
  #sinceMs = 0;

  /**
   * Takes the next state. Returns true when the consumer is idle.
   *
   * @param {IdlenessState} state
   */
  add({ startedAtMs, sampledAtMs, consumer, sink }) {
    const recordsRead = consumer?.recordsRead ?? 0;
    const isIdle =
      startedAtMs === this.#startedAtMs &&
      sampledAtMs - this.#seenAtMs <= MAX_GAP_MS &&
      consumer !== undefined &&
      consumer.lagMs > 0 &&
      recordsRead === this.#recordsRead &&
      sink?.status.state === 'healthy';
    if (!isIdle) this.#sinceMs = sampledAtMs;
    this.#startedAtMs = startedAtMs;
    this.#seenAtMs = sampledAtMs;
    this.#recordsRead = recordsRead;
    return sampledAtMs - this.#sinceMs >= IDLE_AFTER_MS;
  }
}
