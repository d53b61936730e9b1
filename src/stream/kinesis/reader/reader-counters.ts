/** KinesisReaderCounters count since the reader was opened, unless a comment states otherwise. */
export interface KinesisReaderCounters {
  /** User records delivered. */
  readonly recordsRead: number;
  /** Kinesis records that held them; each counts when its last user record was delivered. */
  readonly kinesisRecordsRead: number;
  /** Bytes of Kinesis records fetched, including those fetched again. */
  readonly bytesRead: number;
  /** GetRecords calls that were answered, or pages that were pushed. */
  readonly polls: number;
  /** Those of them without a record. */
  readonly emptyPolls: number;
  /** Calls refused because of a rate limit. */
  readonly throttled: number;
  /** Shard iterators that had expired. */
  readonly iteratorsRenewed: number;
  /** Calls that failed for another reason. */
  readonly failures: number;
  /** Shards read to their end: the stream was split or merged there. */
  readonly shardsEnded: number;
  /** How often records may have expired from the stream before they were read. */
  readonly gaps: number;
  /** Aggregates that were damaged; each was passed on as one raw record. */
  readonly damagedAggregates: number;
  /** Records with a topic or client id that the broker would refuse: the partition key was taken instead. */
  readonly namesReplaced: number;
  /** Records with a receive time outside reason: the time of arrival in Kinesis was taken instead. */
  readonly timesReplaced: number;
  /** How far the shard that is furthest behind is at present, as Kinesis last answered. */
  readonly millisBehindLatest: number;
  /** Wall clock time of the last good answer, for the shard where that is longest ago; before the first answer, when reading began. Absent without shards. */
  readonly lastGoodPollAtMs?: number;
  /** Shards that this process reads at present. */
  readonly shardsReading: number;
  /** Memory of what is fetched and not delivered at present, with the overhead of records. */
  readonly bufferedBytes: number;
}

/** ReaderTotals are the counters that only grow. */
export type ReaderTotals = {
  -readonly [Name in Exclude<
    keyof KinesisReaderCounters,
    'millisBehindLatest' | 'lastGoodPollAtMs' | 'shardsReading' | 'bufferedBytes'
  >]: number;
};

export function noTotals(): ReaderTotals {
  return {
    recordsRead: 0,
    kinesisRecordsRead: 0,
    bytesRead: 0,
    polls: 0,
    emptyPolls: 0,
    throttled: 0,
    iteratorsRenewed: 0,
    failures: 0,
    shardsEnded: 0,
    gaps: 0,
    damagedAggregates: 0,
    namesReplaced: 0,
    timesReplaced: 0,
  };
}

/** ShardReading is how far this process has read a shard. */
export interface ShardReading {
  readonly shardId: string;
  /** What has been delivered, as `shardPositionText` writes it. */
  readonly at: string;
  /** User records up to there, whichever process has read them. */
  readonly records: number;
  readonly millisBehindLatest: number;
}
