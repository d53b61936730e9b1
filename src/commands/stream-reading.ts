import type { KinesisConfig } from '../config/sluice-config.js';
import { dataDirectory } from '../data-directory/data-directory.js';
import { FileCheckpointStore } from '../ledger/checkpoint-store.js';
import { SluiceError } from '../lib/errors.js';
import { kinesisCheckpointName } from '../pipeline/kinesis-file-checkpoints.js';
import { leaseTable, mergeLedgers } from '../pipeline/kinesis-lease-checkpoints.js';
import type { KinesisApi, ShardDescription } from '../stream/kinesis/kinesis-api.js';
import { readLeaseOverview } from '../stream/kinesis/leases/lease-overview.js';
import { parseSingleWorkerPosition } from '../stream/kinesis/reader/single-worker-position.js';
import {
  iteratorStart,
  parseShardPosition,
  type ShardPosition,
  shardPositionText,
} from '../stream/kinesis/shard-position.js';
import type { ApplicationReading, ShardReading } from './describe-stream.js';

export interface ReadingSource {
  readonly kinesis: KinesisConfig;
  /** Root of the data directory. */
  readonly directory: string;
  readonly api: Pick<KinesisApi, 'listShards' | 'shardIterator' | 'getRecords'>;
}

/**
 * Reads the position that the configured application has saved in each shard, which worker holds the shard, and how far
 * behind the position is, by asking Kinesis for one record from there. A lag that is not available now is omitted.
 */
export async function readApplication(source: ReadingSource): Promise<ApplicationReading> {
  const { application, leases } = source.kinesis.reader;
  try {
    const positions = await (leases === undefined ? positionsInFile(source) : positionsInTable(source));
    return { application, shards: await readingsOf(positions, source) };
  } catch (thrown) {
    // The stream itself can still be shown; if it is missing, `describeStream` reports that.
    if (thrown instanceof SluiceError) return { application, shards: [], problem: thrown.message };
    throw thrown;
  }
}

function readingsOf(positions: readonly SavedPosition[], source: ReadingSource): Promise<ShardReading[]> {
  return Promise.all(
    positions.map(async ({ shardId, at, owner }) => {
      const millisBehind = await millisBehindOf(source.api, shardId, at);
      return { shardId, position: shardPositionText(at), owner, millisBehind };
    }),
  );
}

interface SavedPosition {
  readonly shardId: string;
  readonly at: ShardPosition;
  readonly owner?: string;
}

async function positionsInFile({ kinesis, directory }: ReadingSource): Promise<SavedPosition[]> {
  const { checkpoints } = dataDirectory(directory);
  const saved = await new FileCheckpointStore(checkpoints, kinesisCheckpointName(kinesis)).load();
  if (saved === undefined) return [];
  return [...parseSingleWorkerPosition(saved.position).shards].map(([shardId, { at }]) => ({ shardId, at }));
}

async function positionsInTable({ kinesis, api }: ReadingSource): Promise<SavedPosition[]> {
  const table = leaseTable(kinesis, kinesis.reader.leases!);
  try {
    const listed = new Set((await api.listShards()).map(({ shardId }: ShardDescription) => shardId));
    const { shards } = await readLeaseOverview(table, listed, mergeLedgers);
    return shards.map(({ shardId, at, owner }) => ({ shardId, at: parseShardPosition(at), owner }));
  } finally {
    table.close();
  }
}

async function millisBehindOf(
  api: ReadingSource['api'],
  shardId: string,
  at: ShardPosition,
): Promise<number | undefined> {
  if (at.kind === 'SHARD_END') return undefined;
  try {
    const iterator = await api.shardIterator(shardId, iteratorStart(at));
    return (await api.getRecords(iterator, 1)).millisBehindLatest;
  } catch (thrown) {
    // The call was throttled, or the shard has expired: the rest of the table can still be shown.
    if (thrown instanceof SluiceError) return undefined;
    throw thrown;
  }
}
