import type { LedgerTotals } from '../ledger/ledger.js';
import type { LatencyCounts } from '../lib/latency-histogram.js';
import type { Position } from '../stream/stream.js';

/** What a consumer has done so far, and what it holds. */
export interface ConsumerProgress {
  /** Directly behind the last record that has been processed. */
  readonly position: Position;
  readonly ledger: LedgerTotals;
  readonly recordsRead: number;
  readonly pointsMade: number;
  /** Time from receipt to outcome: measured for the oldest record of each batch, counted for every record of it. */
  readonly latency: LatencyCounts;
  /** Time spent making points of records, ms. */
  readonly busyMs: number;
  /** Records read and not yet processed. */
  readonly recordsInFlight: number;
  /** Points given to the sink that have no outcome yet. */
  readonly pointsInFlight: number;
  /** How long the sink took for a batch, retries included. */
  readonly writeTimes: LatencyCounts;
  /** Receive time of the oldest record read and not yet processed, ns; absent when there is none. */
  readonly oldestPendingNs?: bigint;
  /** Set while parked records wait for room in the dead letter. */
  readonly blockedBy?: string;
}
