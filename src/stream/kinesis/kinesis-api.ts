/**
 * What Sluice asks of Kinesis, in Kinesis' own terms. `AwsKinesis` is the real one; tests have a fake with
 * faults that no stand-in can produce. Every method rejects with a SluiceError of one of the KINESIS_ codes:
 *
 * | code | when | was it done? |
 * |---|---|---|
 * | KINESIS_THROTTLED | the whole call went over a rate | no |
 * | KINESIS_UNREACHABLE | time-out, network, 5xx | perhaps |
 * | KINESIS_STREAM_BUSY | the stream or consumer is being created, changed or deleted | no |
 * | KINESIS_ITERATOR_EXPIRED | the shard iterator is older than 5 minutes | no |
 * | KINESIS_STREAM_MISSING | no such stream, shard or consumer | no |
 * | KINESIS_DENIED | IAM or KMS refuses, or no credentials | no |
 * | KINESIS_REQUEST_REFUSED | an argument is invalid: the same call will never do | no |
 */
export interface KinesisApi {
  /** At most 500 entries and 5 MiB, else KINESIS_REQUEST_REFUSED. One result an entry, in the order of the entries. */
  putRecords(entries: readonly PutEntry[]): Promise<readonly PutResult[]>;
  /** All shards within retention, open and closed, all pages. */
  listShards(): Promise<readonly ShardDescription[]>;
  /** A position before the oldest record that is left begins at that one. */
  shardIterator(shardId: string, start: IteratorStart): Promise<string>;
  /** At most `limit` records, 1 to 10,000, and 10 MiB. Often empty although more follow. */
  getRecords(iterator: string, limit: number): Promise<RecordsPage>;
  describeStream(): Promise<StreamSummary>;
  close(): void;
}

export interface PutEntry {
  readonly data: Uint8Array;
  /** 1 to 256 characters. */
  readonly partitionKey: string;
  /** Decimal, below 2^128; places the record instead of the MD5 of the partition key. */
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
  /** When Kinesis took it; the same at each read. */
  readonly arrivedAtMs: number;
}

export interface RecordsPage {
  readonly records: readonly KinesisRecord[];
  /** Absent: the shard is closed and this was the rest of it. */
  readonly nextIterator?: string;
  readonly millisBehindLatest: number;
  /** Shards that follow this one, named at its end; some stand-ins leave them out. */
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
}

/** Enhanced fan-out: a registered consumer gets 2 MB/s of each shard for itself, pushed. */
export interface FanOutApi {
  /** Registers `name`, or finds it registered, and waits until it is ACTIVE. Resolves with its ARN. */
  registerConsumer(name: string): Promise<string>;
  /**
   * The pages Kinesis pushes, until `signal` aborts or the subscription ends after at most 5 minutes; then the
   * iteration ends without an error, and `shardEnded` tells whether more will come.
   * A second subscription within 5 s rejects with KINESIS_STREAM_BUSY.
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
  /** Go on AFTER or AT this sequence number; absent at the end of the shard. */
  readonly continuation?: string;
  readonly millisBehindLatest: number;
  /** Not empty only on the last page of a closed shard. */
  readonly childShards: readonly string[];
}

/** What `sluice stream` and the local Kinesis need beside. */
export interface StreamAdminApi {
  /** Absent `shards`: on demand. Resolves when the call is taken, not when the stream is ACTIVE. KINESIS_STREAM_BUSY: it exists. */
  createStream(shards: number | undefined): Promise<void>;
  deleteStream(): Promise<void>;
}
