import type { Clock } from '../../../lib/clock.js';
import type { Pause } from '../../../lib/timers.js';
import type { Warn } from '../../../lib/warnings.js';
import type { KinesisApi } from '../kinesis-api.js';
import type { ShardPosition } from '../shard-position.js';
import type { MergeLedgers } from './lease.js';
import type { LeaseOverview } from './lease-overview.js';
import type { LeaseTable } from './lease-table.js';

export interface LeaseCoordinatorOptions {
  /**
   * No two live workers may share an id. A worker that keeps its id over a restart continues at once with the leases
   * it had; under a new id it waits until they have expired.
   */
  readonly workerId: string;
  /** Where shards begin that are listed at the first start of the application; later ones begin at TRIM_HORIZON. */
  readonly initial: Extract<ShardPosition, { kind: 'TRIM_HORIZON' | 'AT_TIMESTAMP' }>;
  /** Which stream of that name it is. Saved positions of an earlier one are not used. */
  readonly streamCreatedAtMs?: number;
  /** After so long without a heartbeat the leases of a worker are taken over. 10,000 by default. */
  readonly failoverMs?: number;
  /** Between two heartbeats, and between two scans of the table. A third of the fail-over time by default. */
  readonly renewMs?: number;
  /** Between two lists of the stream's shards. 60,000 by default. */
  readonly shardSyncMs?: number;
  /** The most shards that this worker reads at a time; absent when there is no limit. */
  readonly maxLeases?: number;
}

export interface LeaseCoordinatorParts {
  readonly api: Pick<KinesisApi, 'listShards'>;
  readonly table: LeaseTable;
  readonly clock: Clock;
  readonly sleep: Pause;
  /** Returns a number in [0, 1), so that workers started together do not stay in step. */
  readonly random: () => number;
  readonly mergeLedgers: MergeLedgers;
  readonly warn: Warn;
  /** See HeldLeases. */
  readonly watermarkMs?: (partition: string) => number | undefined;
}

export interface LeaseStatus extends LeaseOverview {
  readonly held: number;
  /** This and the next two count since the process began. */
  readonly taken: number;
  readonly lost: number;
  readonly released: number;
  /** Live workers, this one among them. */
  readonly workers: number;
  /** How long ago the last scan of the table ended; Infinity before the first. */
  readonly lastScanAgeMs: number;
}
