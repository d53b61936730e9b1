import { shardPositionText } from '../shard-position.js';
import type { ApplicationAccount } from './application-account.js';
import { type Lease, type MergeBooks, mergedBooks } from './lease.js';
import type { LeaseTable } from './lease-table.js';
import { isStartable } from './lineage.js';

export interface ShardOverview {
  readonly shardId: string;
  readonly owner?: string;
  /** As `shardPositionText`. */
  readonly at: string;
  readonly records: number;
  readonly isMine: boolean;
  /** Its parents are done; false also for a shard that has ended. */
  readonly startable: boolean;
}

export interface LeaseOverview {
  /** In the order of their ids. */
  readonly shards: readonly ShardOverview[];
  /** User records of the application up to the checkpoints, also of shards that are long gone. */
  readonly recordsTotal: number;
  /** The ledger of the whole application up to the checkpoints; empty before the first. */
  booksTotal(): string;
}

export interface OverviewParts {
  readonly leases: ReadonlyMap<string, Lease>;
  readonly account: ApplicationAccount | undefined;
  readonly isMine: (shardId: string) => boolean;
  readonly isStartable: (lease: Lease) => boolean;
  readonly mergeBooks: MergeBooks;
}

export function leaseOverview(parts: OverviewParts): LeaseOverview {
  const { leases, account, mergeBooks } = parts;
  const folded = new Set(account?.folded);
  const counted = [...leases.values()].filter(({ shardId }) => !folded.has(shardId));
  return {
    shards: [...leases.values()]
      .sort((a, b) => (a.shardId < b.shardId ? -1 : 1))
      .map((lease) => ({
        shardId: lease.shardId,
        ...(lease.owner === undefined ? {} : { owner: lease.owner }),
        at: shardPositionText(lease.checkpoint),
        records: lease.records,
        isMine: parts.isMine(lease.shardId),
        startable: parts.isStartable(lease),
      })),
    recordsTotal: counted.reduce((sum, { records }) => sum + records, account?.records ?? 0),
    booksTotal: () => mergedBooks(mergeBooks, account?.books ?? '', ...counted.map(({ books }) => books)),
  };
}

/**
 * What a command shows that reads no shard itself. `listed`: the ids of the stream's shards.
 * Rejects with the codes of LeaseTable.
 */
export async function readLeaseOverview(
  table: LeaseTable,
  listed: ReadonlySet<string>,
  mergeBooks: MergeBooks,
): Promise<LeaseOverview> {
  const { leases, account } = await table.scan();
  const parents = [...leases.values()].flatMap((lease) => lease.parents);
  const gone = new Set(parents.filter((id) => !listed.has(id)));
  return leaseOverview({
    leases,
    account,
    isMine: () => false,
    isStartable: (lease) => isStartable(lease, leases, gone),
    mergeBooks,
  });
}
