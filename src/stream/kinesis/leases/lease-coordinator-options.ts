import type { Clock } from '../../../clock.js';
import type { Pause } from '../../../pause.js';
import type { Warn } from '../../../warnings.js';
import type { KinesisApi } from '../kinesis-api.js';
import type { ShardPosition } from '../shard-position.js';
import type { MergeBooks } from './lease.js';
import type { LeaseOverview } from './lease-overview.js';
import type { LeaseTable } from './lease-table.js';

export interface LeaseCoordinatorOptions {
  /**
   * No two live workers may share one. A worker that keeps its id over a restart goes on at once with the leases
   * it had; with a new one they come of age first.
   */
  readonly workerId: string;
  /** Where shards begin that are listed at the first start of the application; later ones begin at TRIM_HORIZON. */
  readonly initial: Extract<ShardPosition, { kind: 'TRIM_HORIZON' | 'AT_TIMESTAMP' }>;
  /** After so long without a sign of life the leases of a worker are taken over. 10,000 by default. */
  readonly failoverMs?: number;
  /** Between signs of life, and between looks at the table. A third of the fail-over time by default. */
  readonly renewMs?: number;
  /** Between two lists of the stream's shards. 60,000 by default. */
  readonly shardSyncMs?: number;
  /** The most shards this worker reads at a time; absent: no limit. */
  readonly maxLeases?: number;
}

export interface LeaseCoordinatorParts {
  readonly api: Pick<KinesisApi, 'listShards'>;
  readonly table: LeaseTable;
  readonly clock: Clock;
  readonly sleep: Pause;
  /** [0, 1), so that workers started together do not stay in step. */
  readonly random: () => number;
  readonly mergeBooks: MergeBooks;
  readonly warn: Warn;
}

export interface LeaseStatus extends LeaseOverview {
  readonly held: number;
  /** Since the process began. */
  readonly taken: number;
  readonly lost: number;
  readonly released: number;
  /** That show signs of life, this one among them. */
  readonly workers: number;
  /** Of the table; Infinity before the first. */
  readonly lastScanAgeMs: number;
}
