/** Nothing read for so long, although records wait and the sink takes them. */
const IDLE_AFTER_MS = 15_000;
/** Further apart, and nobody knows what the sink did between two states: the tab was hidden. */
const MAX_GAP_MS = 5_000;

/**
 * Whether the consumer has stopped reading by itself. While the sink fails it only waits, and its first batch
 * after that takes a while; so the time counts from when the sink was healthy again.
 */
export class ConsumerIdleness {
  #startedAtMs = null;
  #seenAtMs = 0;
  #recordsRead = 0;
  #sinceMs = 0;

  /** Takes the next state; true when nothing was read for long. */
  add({ startedAtMs, sampledAtMs, consumer, sink }) {
    const recordsRead = consumer?.recordsRead ?? 0;
    const isIdle =
      startedAtMs === this.#startedAtMs &&
      sampledAtMs - this.#seenAtMs <= MAX_GAP_MS &&
      consumer !== undefined &&
      consumer.lagMs > 0 &&
      recordsRead === this.#recordsRead &&
      sink.status.state === 'healthy';
    if (!isIdle) this.#sinceMs = sampledAtMs;
    this.#startedAtMs = startedAtMs;
    this.#seenAtMs = sampledAtMs;
    this.#recordsRead = recordsRead;
    return sampledAtMs - this.#sinceMs >= IDLE_AFTER_MS;
  }
}
