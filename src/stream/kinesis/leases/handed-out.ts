import { SluiceError } from '../../../errors.js';
import type { Position } from '../../stream.js';
import { parseShardPosition, type ShardProgress, shardPositionText } from '../shard-position.js';

/** `{"<partition>": {"at": "<shard position>", "records": <number>}, …}`; means something to the process that made it only. */
export function handedOutPosition(all: Iterable<readonly [partition: string, ShardProgress]>): Position {
  const byPartition: Record<string, { at: string; records: number }> = {};
  for (const [partition, { at, records }] of all) {
    byPartition[partition] = { at: shardPositionText(at), records };
  }
  return JSON.stringify(byPartition);
}

/** Throws CHECKPOINT_UNREADABLE. */
export function parseHandedOut(position: Position): ReadonlyMap<string, ShardProgress> {
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
