import type {
  _Record,
  ChildShard,
  PutRecordsResultEntry,
  Shard,
  StreamDescriptionSummary,
} from '@aws-sdk/client-kinesis';
import type {
  IteratorStart,
  KinesisRecord,
  PutResult,
  ShardDescription,
  StreamSummary,
} from '../kinesis-api.js';

/** From the SDK's shapes, where everything may be missing, to ours. Stand-ins leave much out. */

const NO_BYTES = new Uint8Array(0);
const KIB = 1024;
const DEFAULT_RETENTION_HOURS = 24;
const DEFAULT_MAX_RECORD_KIB = 1024;
const STATUSES = ['CREATING', 'ACTIVE', 'UPDATING', 'DELETING'] as const;

export function kinesisRecord(record: _Record): KinesisRecord {
  return {
    sequenceNumber: record.SequenceNumber ?? '',
    partitionKey: record.PartitionKey ?? '',
    data: record.Data ?? NO_BYTES,
    arrivedAtMs: record.ApproximateArrivalTimestamp?.getTime() ?? 0,
  };
}

export function putResult(entry: PutRecordsResultEntry): PutResult {
  if (entry.SequenceNumber !== undefined && entry.ErrorCode === undefined) {
    return { ok: true, sequenceNumber: entry.SequenceNumber, shardId: entry.ShardId ?? '' };
  }
  const throttled = entry.ErrorCode === 'ProvisionedThroughputExceededException';
  return {
    ok: false,
    failure: throttled ? 'throttled' : 'internal',
    message: `${entry.ErrorCode ?? 'no error code'}: ${entry.ErrorMessage ?? 'no reason given'}`,
  };
}

/** The entry itself is wrong: sent again it will fail again. */
export function isRefused({ ErrorCode }: PutRecordsResultEntry): boolean {
  return ErrorCode === 'InvalidArgumentException' || ErrorCode === 'ValidationException';
}

export function shardDescription(shard: Shard): ShardDescription {
  const ending = shard.SequenceNumberRange?.EndingSequenceNumber;
  return {
    shardId: shard.ShardId ?? '',
    ...(shard.ParentShardId === undefined ? {} : { parentShardId: shard.ParentShardId }),
    ...(shard.AdjacentParentShardId === undefined
      ? {}
      : { adjacentParentShardId: shard.AdjacentParentShardId }),
    startingHashKey: shard.HashKeyRange?.StartingHashKey ?? '0',
    endingHashKey: shard.HashKeyRange?.EndingHashKey ?? '0',
    startingSequenceNumber: shard.SequenceNumberRange?.StartingSequenceNumber ?? '0',
    ...(ending === undefined ? {} : { endingSequenceNumber: ending }),
  };
}

export function childShardIds(children: readonly ChildShard[] | undefined): string[] {
  return (children ?? []).flatMap(({ ShardId }) => (ShardId === undefined ? [] : [ShardId]));
}

export function streamSummary(summary: StreamDescriptionSummary): StreamSummary {
  return {
    arn: summary.StreamARN ?? '',
    // FAILED is of the SDK's enumeration only; such a stream takes nothing, as while it is deleted.
    status: STATUSES.find((status) => status === summary.StreamStatus) ?? 'DELETING',
    mode: summary.StreamModeDetails?.StreamMode === 'ON_DEMAND' ? 'ON_DEMAND' : 'PROVISIONED',
    recordDistribution: summary.RecordDistributionStrategy === 'AUTO' ? 'AUTO' : 'BY_KEY',
    openShards: summary.OpenShardCount ?? 0,
    retentionHours: summary.RetentionPeriodHours ?? DEFAULT_RETENTION_HOURS,
    maxRecordBytes: (summary.MaxRecordSizeInKiB ?? DEFAULT_MAX_RECORD_KIB) * KIB,
  };
}

/** GetShardIterator and SubscribeToShard name the same start differently. */
export function startFields(start: IteratorStart): {
  readonly type: IteratorStart['type'];
  readonly sequenceNumber?: string;
  readonly timestamp?: Date;
} {
  if (start.type === 'TRIM_HORIZON') return { type: start.type };
  if (start.type === 'AT_TIMESTAMP') return { type: start.type, timestamp: new Date(start.timestampMs) };
  return { type: start.type, sequenceNumber: start.sequenceNumber };
}
