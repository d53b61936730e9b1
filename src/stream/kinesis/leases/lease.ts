import { SluiceError } from '../../../lib/errors.js';
import type { Position } from '../../stream.js';
import { parentsOf, type ShardDescription } from '../kinesis-api.js';
import {
  parseShardPosition,
  type ShardPosition,
  type ShardProgress,
  shardPositionText,
} from '../shard-position.js';

/** Who reads a shard, and how far all its readers have come: one row of the lease table. */
export interface Lease {
  readonly shardId: string;
  /** Absent while the lease is free. */
  readonly owner?: string;
  /** Rises by one with every write. A write names the counter its writer knows, so that it never overwrites a later write. */
  readonly counter: number;
  readonly checkpoint: ShardPosition;
  readonly parents: readonly string[];
  /** Known once the shard has ended, if Kinesis named them to the reader. */
  readonly children: readonly string[];
  /** Decimal. */
  readonly startingHashKey?: string;
  readonly endingHashKey?: string;
  /** How often it went from one owner to another since the last checkpoint. */
  readonly ownerSwitches: number;
  /** User records up to the checkpoint. */
  readonly records: number;
  /** The ledger of this shard up to the checkpoint, as text of the caller's that means nothing here; empty while there is none. */
  readonly ledger: string;
  /** How far the receive times of its stored records have come, ms since 1970; absent until a reader has saved it. */
  readonly watermarkMs?: number;
}

/** NewLease is what a row is created from. */
export interface NewLease {
  readonly shardId: string;
  readonly checkpoint: ShardPosition;
  readonly parents: readonly string[];
  readonly startingHashKey: string;
  readonly endingHashKey: string;
}

/** Merges two ledgers, neither of them empty, into one. */
export type MergeLedgers = (a: string, b: string) => string;

export function isEnded(lease: Lease): boolean {
  return lease.checkpoint.kind === 'SHARD_END';
}

/**
 * The receive time, ms, up to which every shard that has not ended is stored: -Infinity where it is not known of one, or where
 * no shard is known. A shard that waits for its parents is behind them, and they decide.
 */
export function leastWatermarkMs(leases: readonly Lease[]): number {
  const unfinished = new Set(leases.filter((lease) => !isEnded(lease)).map(({ shardId }) => shardId));
  const deciding = leases.filter(
    ({ shardId, parents }) => unfinished.has(shardId) && !parents.some((id) => unfinished.has(id)),
  );
  if (deciding.length === 0) return Number.NEGATIVE_INFINITY;
  return Math.min(...deciding.map(({ watermarkMs }) => watermarkMs ?? Number.NEGATIVE_INFINITY));
}

/** Merges ledgers of which any may be empty. */
export function mergedLedgers(merge: MergeLedgers, ...all: readonly string[]): string {
  return all
    .filter((ledger) => ledger !== '')
    .reduce((sum, ledger) => (sum === '' ? ledger : merge(sum, ledger)), '');
}

/**
 * Returns `{"<partition>": {"at": "<shard position>", "records": <number>}, …}`, which only the process that made it
 * can interpret.
 */
export function deliveredPosition(all: Iterable<readonly [partition: string, ShardProgress]>): Position {
  const byPartition: Record<string, { at: string; records: number }> = {};
  for (const [partition, { at, records }] of all) {
    byPartition[partition] = { at: shardPositionText(at), records };
  }
  return JSON.stringify(byPartition);
}

/** Throws CHECKPOINT_UNREADABLE. */
export function parseDelivered(position: Position): ReadonlyMap<string, ShardProgress> {
  try {
    const byPartition = JSON.parse(position) as Record<string, { at: string; records: number }>;
    return new Map(
      Object.entries(byPartition).map(([partition, { at, records }]) => [
        partition,
        { at: parseShardPosition(at), records },
      ]),
    );
  } catch (thrown) {
    if (thrown instanceof SluiceError) throw thrown;
    throw new SluiceError('CHECKPOINT_UNREADABLE', 'this is not a position of shared shards', {
      cause: thrown,
    });
  }
}

export function isSameProgress(a: ShardProgress, b: ShardProgress): boolean {
  return a.records === b.records && shardPositionText(a.at) === shardPositionText(b.at);
}

/**
 * Returns the shards that leases and shards name and the stream does not list: their records are past retention.
 * `listed` has to be fetched after `leases` were read, or a shard that is newer than the list would seem to be gone.
 */
export function unlistedShards(
  leases: ReadonlyMap<string, Lease>,
  listed: ReadonlyMap<string, ShardDescription>,
): ReadonlySet<string> {
  const named = new Set<string>();
  for (const lease of leases.values()) {
    named.add(lease.shardId);
    for (const parent of lease.parents) named.add(parent);
  }
  for (const shard of listed.values()) {
    for (const parent of parentsOf(shard)) named.add(parent);
  }
  for (const shardId of listed.keys()) named.delete(shardId);
  return named;
}

/**
 * Returns whether a shard may be read now. Its parents are read first, which keeps the order of a device's records
 * over a split or merge. A parent with a row counts as read when the row is at SHARD_END, also past retention, because its
 * reader finds no record and ends it. A parent without a row was either never read or compacted long ago, and has to
 * be gone from the stream.
 */
export function isStartable(
  lease: Lease,
  leases: ReadonlyMap<string, Lease>,
  gone: ReadonlySet<string>,
): boolean {
  if (isEnded(lease)) return false;
  return lease.parents.every((id) => {
    const parent = leases.get(id);
    return parent === undefined ? gone.has(id) : isEnded(parent);
  });
}
