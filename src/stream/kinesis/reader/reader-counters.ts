/** Since the reader was opened, unless said otherwise. */
export interface KinesisReaderCounters {
  /** User records handed out. */
  readonly recordsRead: number;
  /** Kinesis records they were in, each when its last user record went out. */
  readonly kinesisRecordsRead: number;
  /** Of Kinesis records fetched, also of those fetched again. */
  readonly bytesRead: number;
  /** GetRecords calls that were answered, or pages pushed. */
  readonly polls: number;
  /** Of these without a record. */
  readonly emptyPolls: number;
  /** Calls refused because of a rate. */
  readonly throttled: number;
  /** Shard iterators that had expired. */
  readonly iteratorsRenewed: number;
  /** Calls that failed otherwise. */
  readonly failures: number;
  /** Shards read to their end: the stream was split or merged there. */
  readonly shardsEnded: number;
  /** Times that records may have left the stream before they were read. */
  readonly gaps: number;
  /** Each was passed on as one raw record. */
  readonly damagedAggregates: number;
  /** Now, of the shard that is furthest behind, as Kinesis last said. */
  readonly millisBehindLatest: number;
  /** Wall clock, of the shard where that is longest ago; its beginning while there was none. Absent without shards. */
  readonly lastGoodPollAtMs?: number;
  /** Shards read by this process, now. */
  readonly shardsReading: number;
  /** Fetched and not handed out, now, with what records cost beside their bytes. */
  readonly bufferedBytes: number;
}

/** The part that only grows. */
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
  };
}

/** How far this process is with a shard. */
export interface ShardReading {
  readonly shardId: string;
  /** As `shardPositionText` writes it; what has been handed out. */
  readonly at: string;
  /** User records up to there, by whomever. */
  readonly records: number;
  readonly millisBehindLatest: number;
}
