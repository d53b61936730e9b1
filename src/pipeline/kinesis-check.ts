import { SluiceError } from '../lib/errors.js';
import type { KinesisApi, StreamSummary } from '../stream/kinesis/kinesis-api.js';

export interface KinesisUse {
  readonly name: string;
  readonly aggregation: boolean;
  readonly maxRecordBytes: number;
  readonly buckets: number;
}

/** With fewer buckets than this for each shard, devices are spread over the shards unevenly. */
const BUCKETS_PER_SHARD = 8;

/** Throws KINESIS_UNUSABLE when records would be lost or rejected with this stream and configuration. Returns advice on what is merely unwise. */
export function checkFit(use: KinesisUse, stream: StreamSummary): string[] {
  if (use.aggregation && stream.recordDistribution === 'AUTO') {
    throw new SluiceError(
      'KINESIS_UNUSABLE',
      `stream ${use.name} distributes records automatically (RecordDistributionStrategy AUTO) and ignores partition keys: ` +
        'KCL readers would silently drop aggregates, and the order of a device would be lost. Set ' +
        'stream.kinesis.aggregation: off, or the stream to distribution by key',
    );
  }
  if (use.maxRecordBytes > stream.maxRecordBytes) {
    throw new SluiceError(
      'KINESIS_UNUSABLE',
      `stream.kinesis.maxRecordSize is ${use.maxRecordBytes} bytes, but stream ${use.name} takes ${stream.maxRecordBytes}: ` +
        'lower it, or raise the limit of the stream (UpdateMaxRecordSize)',
    );
  }
  const wise = stream.openShards * BUCKETS_PER_SHARD;
  if (!use.aggregation || use.buckets >= wise) return [];
  return [
    `stream ${use.name} has ${stream.openShards} shards and stream.kinesis.buckets is ${use.buckets}: below ${wise} ` +
      'the shards are used unevenly',
  ];
}

/** Describes the stream. Rejects with KINESIS_STREAM_BUSY, which can be retried, while it is being created or deleted. */
export async function describeUsable(
  api: Pick<KinesisApi, 'describeStream'>,
  name: string,
): Promise<StreamSummary> {
  const stream = await api.describeStream().catch((thrown: unknown) => {
    if (!(thrown instanceof SluiceError) || thrown.code !== 'KINESIS_STREAM_MISSING') throw thrown;
    throw new SluiceError(
      thrown.code,
      `there is no stream ${name}: \`sluice stream create\` creates it, or correct stream.kinesis.name, region or endpoint (${thrown.message})`,
      { cause: thrown },
    );
  });
  if (stream.status === 'ACTIVE' || stream.status === 'UPDATING') return stream;
  throw new SluiceError('KINESIS_STREAM_BUSY', `stream ${name} is ${stream.status}`);
}
