import { READING_FAULTS, type ReadingFault } from './faults.js';
import { LatencyHistogram } from './latency-histogram.js';

/**
 * The books of one run. published = acknowledged + unacknowledged + unconfirmed, at every moment.
 * Resending after a reconnect is not publishing again.
 */
export class Tally {
  /** Distinct readings among the published messages. */
  readings = 0;
  published = 0;
  acknowledged = 0;
  /** QoS 0: the protocol has no answer for it. */
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
