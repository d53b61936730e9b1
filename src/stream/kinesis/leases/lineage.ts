import type { ShardDescription } from '../kinesis-api.js';
import { isEnded, type Lease } from './lease.js';

export function parentsOf(shard: ShardDescription): readonly string[] {
  return [shard.parentShardId, shard.adjacentParentShardId].filter((id) => id !== undefined);
}

/**
 * The shards that leases and shards speak of and the stream does not list: their records are past retention.
 * `listed` has to be fetched after `leases` were read, or a shard that is newer than the list would seem gone.
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
 * Whether a shard may be read now: parents first, which keeps the order of a device over a split or merge.
 * A parent that has a row is done when the row says so, also past retention: its reader finds nothing left and ends
 * it. One without a row was never read or is long done, and has to be gone from the stream.
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
