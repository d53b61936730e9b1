import { READING_FAULTS, type ReadingFault } from './faults.js';
import { LatencyHistogram } from './latency-histogram.js';

/**
 * The counters of one run. At every moment published = acknowledged + unacknowledged + unconfirmed.
 * A resend after a reconnect is not counted as published again.
 */
export class Tally {
  /** Number of distinct readings among the published messages. */
  readings = 0;
  published = 0;
  acknowledged = 0;
  /** Messages with QoS 0, which has no acknowledgement. */
  unconfirmed = 0;
  reconnects = 0;
  disconnects = 0;
  readonly faults: Record<ReadingFault, number> = Object.fromEntries(
    READING_FAULTS.map((fault) => [fault, 0]),
  ) as Record<ReadingFault, number>;
  readonly latency = new LatencyHistogram();

  get unacknowledged(): number {
    return this.published - this.acknowledged - this.unconfirmed;
  }
}
