import type { Clock } from '../../../lib/clock.js';
import { type KinesisApi, parentsOf, type ShardDescription } from '../kinesis-api.js';
import type { ShardPosition } from '../shard-position.js';
import { isEnded, type MergeLedgers, unlistedShards } from './lease.js';
import type { LeaseTable, TableContents } from './lease-table.js';
import { moveToPresentStream } from './present-stream.js';
import { forEachLimited } from './wakeable-loop.js';

export interface ShardSyncParts {
  readonly api: Pick<KinesisApi, 'listShards'>;
  readonly table: LeaseTable;
  readonly mergeLedgers: MergeLedgers;
  /** Where shards begin that are listed at the first start of the application. */
  readonly initial: ShardPosition;
  /** How long a shard has to be missing before its row is removed. */
  readonly shardSyncMs: number;
  /** Which stream of that name it is; when absent, leases of an earlier one are not noticed. */
  readonly streamCreatedAtMs?: number;
  readonly clock: Clock;
}

export interface SyncedShards {
  /** Named by leases, and missing in two lists in a row: a single list may have been made in the middle of a reshard. */
  readonly gone: ReadonlySet<string>;
  /** Some shards were missing for the first time: list again soon. */
  readonly isDoubtful: boolean;
  /** The leases were of an earlier stream, and this call has made them leases of the present one. */
  readonly isMadeAgain?: true;
}

interface Missing {
  lists: number;
  readonly sinceMs: number;
}

const PARALLEL_WRITES = 8;
const LISTS = 2;

/**
 * ShardSync brings the rows in line with the shards of the stream. Invariants:
 * 1. The table is read before the shards are listed: a row that is missing then because it was compacted belongs to
 *    a shard that is not listed any more, so the row is never created a second time.
 * 2. A row is removed only after its shard was missing for a whole sync interval, and not before every listed shard
 *    has its row: the children of a shard are known before the shard is removed.
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
    await table.carryLedgerForward();
    let contents = await table.scan();
    const moved = await moveToPresentStream(this.#parts, contents);
    if (moved !== 'unchanged') contents = await table.scan();
    const shards = await api.listShards();
    // A stream has at least one shard.
    if (shards.length > 0) {
      const listed = new Map(shards.map((shard) => [shard.shardId, shard]));
      await this.#createMissing(contents, listed);
      this.#countMissing(unlistedShards(contents.leases, listed));
      await this.#compact(contents);
    }
    const gone = [...this.#missing].filter(([, { lists }]) => lists >= LISTS);
    return {
      gone: new Set(gone.map(([shardId]) => shardId)),
      isMadeAgain: moved === 'moved' ? true : undefined,
      isDoubtful: shards.length === 0 || gone.length < this.#missing.size,
    };
  }

  #countMissing(unlisted: ReadonlySet<string>): void {
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

  /** Compacts one lease after the other, because they share the row of the application's ledger. */
  async #compact({ leases, ledger }: TableContents): Promise<void> {
    const { table, mergeLedgers, clock, shardSyncMs } = this.#parts;
    const dueSinceMs = clock.monotonicMs() - shardSyncMs;
    const removable = [...leases.values()].filter((lease) => {
      const missing = this.#missing.get(lease.shardId);
      return isEnded(lease) && missing !== undefined && missing.sinceMs <= dueSinceMs;
    });
    const halfCompacted = ledger?.compacted ?? [];
    for (const shardId of new Set([...removable.map((lease) => lease.shardId), ...halfCompacted])) {
      await table.compact(shardId, mergeLedgers);
    }
  }

  async #createMissing(
    contents: TableContents,
    listed: ReadonlyMap<string, ShardDescription>,
  ): Promise<void> {
    const { table, initial, streamCreatedAtMs } = this.#parts;
    const firstStart = contents.leases.size === 0 ? initial : undefined;
    const ledger = contents.ledger ?? (await table.openLedger(firstStart, streamCreatedAtMs));
    const missing = [...listed.values()].filter(
      ({ shardId }) => !contents.leases.has(shardId) && !ledger.compacted.includes(shardId),
    );
    const [failure] = await forEachLimited(missing, PARALLEL_WRITES, async (shard) => {
      await table.create({
        shardId: shard.shardId,
        checkpoint: ledger.firstStart ?? { kind: 'TRIM_HORIZON' },
        parents: parentsOf(shard),
        startingHashKey: shard.startingHashKey,
        endingHashKey: shard.endingHashKey,
      });
    });
    if (failure !== undefined) throw failure;
    if (ledger.firstStart !== undefined) await table.endFirstStart(ledger);
  }
}
