import type {
  _Record,
  ChildShard,
  GetRecordsCommand,
  KinesisClient,
  PutRecordsCommand,
  PutRecordsResultEntry,
  Shard,
  StreamDescriptionSummary,
} from '@aws-sdk/client-kinesis';
import { SluiceError } from '../../../lib/errors.js';
import type {
  IteratorStart,
  KinesisRecord,
  PutEntry,
  PutResult,
  ShardDescription,
  StreamSummary,
} from '../kinesis-api.js';

/** These functions convert the shapes of the SDK, in which every field may be missing and stand-ins omit many, to ours. */

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

/** Returns whether the entry itself is invalid, so that it would fail again. */
export function isRefused({ ErrorCode }: PutRecordsResultEntry): boolean {
  return ErrorCode === 'InvalidArgumentException' || ErrorCode === 'ValidationException';
}

export function shardDescription(shard: Shard): ShardDescription {
  const ending = shard.SequenceNumberRange?.EndingSequenceNumber;
  return {
    shardId: shard.ShardId ?? '',
    parentShardId: shard.ParentShardId,
    adjacentParentShardId: shard.AdjacentParentShardId,
    startingHashKey: shard.HashKeyRange?.StartingHashKey ?? '0',
    endingHashKey: shard.HashKeyRange?.EndingHashKey ?? '0',
    startingSequenceNumber: shard.SequenceNumberRange?.StartingSequenceNumber ?? '0',
    endingSequenceNumber: ending,
  };
}

export function childShardIds(children: readonly ChildShard[] | undefined): string[] {
  return (children ?? []).flatMap(({ ShardId }) => (ShardId === undefined ? [] : [ShardId]));
}

export function streamSummary(summary: StreamDescriptionSummary): StreamSummary {
  return {
    arn: summary.StreamARN ?? '',
    // FAILED is only in the SDK's enumeration; such a stream accepts nothing, like one that is being deleted.
    status: STATUSES.find((status) => status === summary.StreamStatus) ?? 'DELETING',
    mode: summary.StreamModeDetails?.StreamMode === 'ON_DEMAND' ? 'ON_DEMAND' : 'PROVISIONED',
    recordDistribution: summary.RecordDistributionStrategy === 'AUTO' ? 'AUTO' : 'BY_KEY',
    openShards: summary.OpenShardCount ?? 0,
    retentionHours: summary.RetentionPeriodHours ?? DEFAULT_RETENTION_HOURS,
    maxRecordBytes: (summary.MaxRecordSizeInKiB ?? DEFAULT_MAX_RECORD_KIB) * KIB,
    createdAtMs: summary.StreamCreationTimestamp?.getTime(),
  };
}

/** Returns the start without field names, because GetShardIterator and SubscribeToShard name the fields differently. */
export function startFields(start: IteratorStart): {
  readonly type: IteratorStart['type'];
  readonly sequenceNumber?: string;
  readonly timestamp?: Date;
} {
  if (start.type === 'TRIM_HORIZON') return { type: start.type };
  if (start.type === 'AT_TIMESTAMP') return { type: start.type, timestamp: new Date(start.timestampMs) };
  return { type: start.type, sequenceNumber: start.sequenceNumber };
}

/** The limits of PutRecords. AWS documents 10 MiB since 2025-10, and 5 MiB on older pages. */
const MAX_ENTRIES = 500;
const MAX_REQUEST_BYTES = 5 * 1024 * 1024;

/**
 * Throws KINESIS_REQUEST_REFUSED for a request that is too large: some stand-ins accept it, and others give an
 * unreadable answer. The limits of a single record depend on the stream, and Kinesis checks them.
 */
export function checkPutLimits(entries: readonly PutEntry[], streamName: string): void {
  if (entries.length === 0 || entries.length > MAX_ENTRIES) {
    throw refused(streamName, `${entries.length} entries, 1 to ${MAX_ENTRIES} are allowed`);
  }
  let requestBytes = 0;
  for (const entry of entries) requestBytes += entry.data.length + Buffer.byteLength(entry.partitionKey);
  if (requestBytes > MAX_REQUEST_BYTES) {
    throw refused(streamName, `${requestBytes} bytes, ${MAX_REQUEST_BYTES} are allowed`);
  }
}

function refused(streamName: string, reason: string): SluiceError {
  return new SluiceError('KINESIS_REQUEST_REFUSED', `PutRecords on stream ${streamName}: ${reason}`);
}

const AMAZON_HOST = /\.(amazonaws\.com(\.cn)?|api\.aws|api\.amazonwebservices\.com\.cn)$/;

/** NotAmazon ends a request that would have been sent to a stand-in. */
class NotAmazon extends Error {}

/**
 * Sends a command with DryRun: true, and resolves when it would have succeeded. A stand-in ignores that field and would
 * store the record, so the host is checked when the request is ready: `endpoint` is only one of its possible sources
 * (AWS_ENDPOINT_URL, a profile). Resolves without a request when the host is not Amazon's.
 */
export async function dryRun(
  client: KinesisClient,
  command: PutRecordsCommand | GetRecordsCommand,
  abortSignal: AbortSignal,
): Promise<void> {
  // The overloads of `send` take one or the other, though it is one method.
  const either = command as PutRecordsCommand;
  either.middlewareStack.add(
    (next) => (args) => {
      const { hostname } = args.request as { hostname?: string };
      if (!AMAZON_HOST.test(hostname ?? '')) throw new NotAmazon();
      return next(args);
    },
    { step: 'finalizeRequest', name: 'onlyAmazon', priority: 'low' },
  );
  try {
    await client.send(either, { abortSignal });
  } catch (thrown) {
    if (thrown instanceof NotAmazon) return;
    // With this error Kinesis answers that the call is permitted.
    if (thrown instanceof Error && thrown.name === 'DryRunOperationException') return;
    throw thrown;
  }
}
