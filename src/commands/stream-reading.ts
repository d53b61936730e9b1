import { FileCheckpointStore } from '../books/checkpoint-store.js';
import type { KinesisConfig } from '../config/sluice-config.js';
import { dataDirectory } from '../data-directory.js';
import { SluiceError } from '../errors.js';
import type { KinesisApi, ShardDescription } from '../stream/kinesis/kinesis-api.js';
import { readLeaseOverview } from '../stream/kinesis/leases/lease-overview.js';
import { parseSolePosition } from '../stream/kinesis/reader/sole-position.js';
import {
  iteratorStart,
  parseShardPosition,
  type ShardPosition,
  shardPositionText,
} from '../stream/kinesis/shard-position.js';
import { kinesisCheckpointName } from '../threads/kinesis-file-place.js';
import { leaseTable, mergeBooks } from '../threads/kinesis-leased-place.js';
import type { ApplicationReading, ShardReading } from './stream.js';

export interface ReadingSource {
  readonly kinesis: KinesisConfig;
  /** Root of the data directory. */
  readonly directory: string;
  readonly api: Pick<KinesisApi, 'listShards' | 'shardIterator' | 'getRecords'>;
}

/**
 * How far the application of the configuration has saved its place in each shard, who holds it, and how far behind
 * that is: by asking Kinesis for one record from there. A lag that cannot be had now is left out.
 */
export async function readApplication(source: ReadingSource): Promise<ApplicationReading> {
  const { application, leases } = source.kinesis.reader;
  try {
    const places = await (leases === undefined ? placesInFile(source) : placesInTable(source));
    return { application, shards: await readingsOf(places, source) };
  } catch (thrown) {
    // The stream itself is worth showing; if it is missing, that is said when it is looked at.
    if (thrown instanceof SluiceError) return { application, shards: [], problem: thrown.message };
    throw thrown;
  }
}

function readingsOf(places: readonly ShardPlace[], source: ReadingSource): Promise<ShardReading[]> {
  return Promise.all(
    places.map(async ({ shardId, at, owner }) => {
      const millisBehind = await millisBehindOf(source.api, shardId, at);
      return {
        shardId,
        position: shardPositionText(at),
        ...(owner === undefined ? {} : { owner }),
        ...(millisBehind === undefined ? {} : { millisBehind }),
      };
    }),
  );
}

interface ShardPlace {
  readonly shardId: string;
  readonly at: ShardPosition;
  readonly owner?: string;
}

async function placesInFile({ kinesis, directory }: ReadingSource): Promise<ShardPlace[]> {
  const { checkpoints } = dataDirectory(directory);
  const saved = await new FileCheckpointStore(checkpoints, kinesisCheckpointName(kinesis)).load();
  if (saved === undefined) return [];
  return [...parseSolePosition(saved.position).shards].map(([shardId, { at }]) => ({ shardId, at }));
}

async function placesInTable({ kinesis, api }: ReadingSource): Promise<ShardPlace[]> {
  const table = leaseTable(kinesis, kinesis.reader.leases!);
  try {
    const listed = new Set((await api.listShards()).map(({ shardId }: ShardDescription) => shardId));
    const { shards } = await readLeaseOverview(table, listed, mergeBooks);
    return shards.map(({ shardId, at, owner }) => ({
      shardId,
      at: parseShardPosition(at),
      ...(owner === undefined ? {} : { owner }),
    }));
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
    // Throttled by the consumers, or gone with its shard: the rest of the table is worth showing.
    if (thrown instanceof SluiceError) return undefined;
    throw thrown;
  }
}
