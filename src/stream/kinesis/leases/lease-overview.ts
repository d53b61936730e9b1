import { shardPositionText } from '../shard-position.js';
import type { ApplicationLedger } from './application-ledger.js';
import { isStartable, type Lease, type MergeLedgers, mergedLedgers } from './lease.js';
import type { LeaseTable } from './lease-table.js';

export interface ShardOverview {
  readonly shardId: string;
  readonly owner?: string;
  /** As `shardPositionText`. */
  readonly at: string;
  readonly records: number;
  readonly isMine: boolean;
  /** True when its parents have been read to their ends; false also for a shard that has itself ended. */
  readonly startable: boolean;
}

export interface LeaseOverview {
  /** In the order of their ids. */
  readonly shards: readonly ShardOverview[];
  /** User records that the application has read up to its checkpoints, also from shards that are gone. */
  readonly recordsTotal: number;
  /** Returns the ledger of the whole application up to its checkpoints; empty before the first. */
  totalOf(): string;
}

interface OverviewParts {
  readonly leases: ReadonlyMap<string, Lease>;
  readonly ledger: ApplicationLedger | undefined;
  readonly isMine: (shardId: string) => boolean;
  readonly isStartable: (lease: Lease) => boolean;
  readonly mergeLedgers: MergeLedgers;
}

export function leaseOverview(parts: OverviewParts): LeaseOverview {
  const { leases, ledger, mergeLedgers } = parts;
  const compacted = new Set(ledger?.compacted);
  const counted = [...leases.values()].filter(({ shardId }) => !compacted.has(shardId));
  return {
    shards: [...leases.values()]
      .sort((a, b) => (a.shardId < b.shardId ? -1 : 1))
      .map((lease) => ({
        shardId: lease.shardId,
        owner: lease.owner,
        at: shardPositionText(lease.checkpoint),
        records: lease.records,
        isMine: parts.isMine(lease.shardId),
        startable: parts.isStartable(lease),
      })),
    recordsTotal: counted.reduce((sum, { records }) => sum + records, ledger?.records ?? 0),
    totalOf: () => mergedLedgers(mergeLedgers, ledger?.totals ?? '', ...counted.map((lease) => lease.ledger)),
  };
}

/**
 * Reads the overview for a command that reads no shard itself. `listed` are the ids of the stream's shards.
 * Rejects with the codes of LeaseTable.
 */
export async function readLeaseOverview(
  table: LeaseTable,
  listed: ReadonlySet<string>,
  mergeLedgers: MergeLedgers,
): Promise<LeaseOverview> {
  const { leases, ledger } = await table.scan();
  const parents = [...leases.values()].flatMap((lease) => lease.parents);
  const gone = new Set(parents.filter((id) => !listed.has(id)));
  return leaseOverview({
    leases,
    ledger,
    isMine: () => false,
    isStartable: (lease) => isStartable(lease, leases, gone),
    mergeLedgers,
  });
}
