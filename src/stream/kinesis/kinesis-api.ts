/**
 * KinesisApi is what Sluice needs of Kinesis, in Kinesis' own terms. `AwsKinesis` is the real one; tests have a fake with
 * faults that no stand-in can produce. Every method rejects with a SluiceError of one of the KINESIS_ codes:
 *
 * | code | when | was it done? |
 * |---|---|---|
 * | KINESIS_THROTTLED | the whole call exceeded a rate limit | no |
 * | KINESIS_UNREACHABLE | time-out, network, 5xx | unknown |
 * | KINESIS_STREAM_BUSY | the stream or consumer is being created, changed or deleted | no |
 * | KINESIS_ITERATOR_EXPIRED | the shard iterator is older than 5 minutes | no |
 * | KINESIS_STREAM_MISSING | no such stream, shard or consumer | no |
 * | KINESIS_DENIED | IAM or KMS refuses, or there are no credentials | no |
 * | KINESIS_REQUEST_REFUSED | an argument is invalid: the same call will never succeed | no |
 */
export interface KinesisApi {
  /** Takes at most 500 entries and 5 MiB, else rejects with KINESIS_REQUEST_REFUSED. Resolves with one result for each entry, in their order. */
  putRecords(entries: readonly PutEntry[]): Promise<readonly PutResult[]>;
  /** Resolves with all shards within retention, open and closed. */
  listShards(): Promise<readonly ShardDescription[]>;
  /** An iterator for a position before the oldest remaining record begins at that record. */
  shardIterator(shardId: string, start: IteratorStart): Promise<string>;
  /** Resolves with at most `limit` records (1 to 10,000) and 10 MiB; often with none although more follow. */
  getRecords(iterator: string, limit: number): Promise<RecordsPage>;
  describeStream(): Promise<StreamSummary>;
  close(): void;
}

export interface PutEntry {
  readonly data: Uint8Array;
  /** 1 to 256 characters. */
  readonly partitionKey: string;
  /** Decimal, below 2^128; decides the shard instead of the MD5 of the partition key. */
  readonly explicitHashKey?: string;
}

export type PutResult =
  | { readonly ok: true; readonly sequenceNumber: string; readonly shardId: string }
  /** This entry was not stored; others of the same call may have been. */
  | { readonly ok: false; readonly failure: 'throttled' | 'internal'; readonly message: string };

export interface ShardDescription {
  readonly shardId: string;
  readonly parentShardId?: string;
  /** The second parent, after a merge. */
  readonly adjacentParentShardId?: string;
  /** Decimal, inclusive. */
  readonly startingHashKey: string;
  readonly endingHashKey: string;
  readonly startingSequenceNumber: string;
  /** Present once the shard is closed. Not the sequence number of its last record. */
  readonly endingSequenceNumber?: string;
}

/** Returns the shards whose records come before those of `shard`: none, one after a split, two after a merge. */
export function parentsOf(shard: ShardDescription): readonly string[] {
  return [shard.parentShardId, shard.adjacentParentShardId].filter((id) => id !== undefined);
}

export type IteratorStart =
  | { readonly type: 'TRIM_HORIZON' }
  | { readonly type: 'AT_TIMESTAMP'; readonly timestampMs: number }
  | { readonly type: 'AT_SEQUENCE_NUMBER' | 'AFTER_SEQUENCE_NUMBER'; readonly sequenceNumber: string };

export interface KinesisRecord {
  /** Decimal, rising within a shard; compare as BigInt. */
  readonly sequenceNumber: string;
  /** Empty on a stream with automatic record distribution. */
  readonly partitionKey: string;
  readonly data: Uint8Array;
  /** When Kinesis stored it; the same at each read. */
  readonly arrivedAtMs: number;
}

export interface RecordsPage {
  readonly records: readonly KinesisRecord[];
  /** Absent when the shard is closed and this page was its last. */
  readonly nextIterator?: string;
  readonly millisBehindLatest: number;
  /** Shards that follow this one, named at its end; some stand-ins omit them. */
  readonly childShards: readonly string[];
}

export interface StreamSummary {
  readonly arn: string;
  readonly status: 'CREATING' | 'ACTIVE' | 'UPDATING' | 'DELETING';
  readonly mode: 'PROVISIONED' | 'ON_DEMAND';
  /** AUTO: keys are ignored and a KCL reader silently drops aggregates. */
  readonly recordDistribution: 'BY_KEY' | 'AUTO';
  readonly openShards: number;
  readonly retentionHours: number;
  readonly maxRecordBytes: number;
  /** Tells a stream from a later one of the same name, as in KCL. */
  readonly createdAtMs?: number;
}

/** FanOutApi is enhanced fan-out: Kinesis pushes 2 MB/s of each shard to a registered consumer alone. */
export interface FanOutApi {
  /** Registers `name` unless it is registered, and waits until it is ACTIVE. Resolves with its ARN. */
  registerConsumer(name: string): Promise<string>;
  /**
   * Iterates over the pages that Kinesis pushes, until `signal` aborts or the subscription ends after at most 5 minutes;
   * the iteration then ends without an error. A second subscription within 5 s rejects with KINESIS_STREAM_BUSY.
   */
  subscribe(
    consumerArn: string,
    shardId: string,
    start: IteratorStart,
    signal: AbortSignal,
  ): AsyncIterable<FanOutPage>;
}

export interface FanOutPage {
  readonly records: readonly KinesisRecord[];
  /** Where to continue, AFTER or AT this sequence number; absent at the end of the shard. */
  readonly continuation?: string;
  readonly millisBehindLatest: number;
  /** Empty except on the last page of a closed shard. */
  readonly childShards: readonly string[];
}

/** StreamAdminApi is what `sluice stream` and the local Kinesis need in addition. */
export interface StreamAdminApi {
  /**
   * Without `shards` the stream is on demand. Resolves when the call is accepted, not when the stream is ACTIVE. Rejects
   * with KINESIS_STREAM_BUSY when the stream exists.
   */
  createStream(shards: number | undefined): Promise<void>;
  deleteStream(): Promise<void>;
}
