import type { Clock } from '../../../clock.js';
import type { KinesisApi, ShardDescription } from '../kinesis-api.js';
import type { ShardPosition } from '../shard-position.js';
import { eachBounded } from './each-bounded.js';
import { isEnded, type MergeBooks } from './lease.js';
import type { LeaseTable, TableContents } from './lease-table.js';
import { parentsOf, unlistedShards } from './lineage.js';

export interface ShardSyncParts {
  readonly api: Pick<KinesisApi, 'listShards'>;
  readonly table: LeaseTable;
  readonly mergeBooks: MergeBooks;
  /** Where shards begin that are listed at the first start of the application. */
  readonly initial: ShardPosition;
  /** For so long at least a shard has to be missing before its row is forgotten. */
  readonly shardSyncMs: number;
  readonly clock: Clock;
}

export interface SyncedShards {
  /** Named by leases, and missing in two lists in a row: one may be taken in the middle of a reshard. */
  readonly gone: ReadonlySet<string>;
  /** Some were missing for the first time: list again soon. */
  readonly isDoubtful: boolean;
}

interface Missing {
  lists: number;
  readonly sinceMs: number;
}

const PARALLEL_WRITES = 8;
const LISTS = 2;

/**
 * Brings the rows in line with the shards the stream has. Invariants:
 * 1. The table is read before the shards are listed: a row that is missing then and was folded before belongs to
 *    a shard that is not listed any more, so it is never created a second time.
 * 2. A row goes only after its shard was missing for a whole sync interval, and not before every listed shard has
 *    its row: the children of a shard are known before it is forgotten.
 */
export class ShardSync {
  readonly #parts: ShardSyncParts;
  readonly #missing = new Map<string, Missing>();

  constructor(parts: ShardSyncParts) {
    this.#parts = parts;
  }

  /** Rejects with the codes of KinesisApi and LeaseTable; safe to repeat. */
  async run(): Promise<SyncedShards> {
    const { api, table } = this.#parts;
    const contents = await table.scan();
    const shards = await api.listShards();
    // A stream has at least one shard.
    if (shards.length > 0) {
      const listed = new Map(shards.map((shard) => [shard.shardId, shard]));
      await this.#createMissing(contents, listed);
      this.#note(unlistedShards(contents.leases, listed));
      await this.#fold(contents);
    }
    const gone = [...this.#missing].filter(([, { lists }]) => lists >= LISTS);
    return {
      gone: new Set(gone.map(([shardId]) => shardId)),
      isDoubtful: shards.length === 0 || gone.length < this.#missing.size,
    };
  }

  #note(unlisted: ReadonlySet<string>): void {
    for (const shardId of this.#missing.keys()) {
      if (!unlisted.has(shardId)) this.#missing.delete(shardId);
    }
    for (const shardId of unlisted) {
      const missing = this.#missing.get(shardId);
      if (missing === undefined) {
        this.#missing.set(shardId, { lists: 1, sinceMs: this.#parts.clock.monotonicMs() });
      } else missing.lists += 1;
    }
  }

  /** One after the other: they share the account's row. */
  async #fold({ leases, account }: TableContents): Promise<void> {
    const { table, mergeBooks, clock, shardSyncMs } = this.#parts;
    const dueSinceMs = clock.monotonicMs() - shardSyncMs;
    const forgettable = [...leases.values()].filter((lease) => {
      const missing = this.#missing.get(lease.shardId);
      return isEnded(lease) && missing !== undefined && missing.sinceMs <= dueSinceMs;
    });
    const halfFolded = account?.folded ?? [];
    for (const shardId of new Set([...forgettable.map((lease) => lease.shardId), ...halfFolded])) {
      await table.fold(shardId, mergeBooks);
    }
  }

  async #createMissing(
    contents: TableContents,
    listed: ReadonlyMap<string, ShardDescription>,
  ): Promise<void> {
    const { table, initial } = this.#parts;
    const isFirstStart = contents.leases.size === 0;
    const account = contents.account ?? (await table.openAccount(isFirstStart ? initial : undefined));
    const missing = [...listed.values()].filter(
      ({ shardId }) => !contents.leases.has(shardId) && !account.folded.includes(shardId),
    );
    await rejectFirst(missing, async (shard) => {
      await table.create({
        shardId: shard.shardId,
        checkpoint: account.firstStart ?? { kind: 'TRIM_HORIZON' },
        parents: parentsOf(shard),
        startingHashKey: shard.startingHashKey,
        endingHashKey: shard.endingHashKey,
      });
    });
    if (account.firstStart !== undefined) await table.endFirstStart(account);
  }
}

async function rejectFirst<T>(all: readonly T[], work: (one: T) => Promise<void>): Promise<void> {
  const [failure] = await eachBounded(all, PARALLEL_WRITES, work);
  if (failure !== undefined) throw failure;
}
