/** A PUT payload unit, which AWS bills for a provisioned stream; a part of a unit costs a whole one [AWS Kinesis pricing, 2026]. */
export const PUT_UNIT_BYTES = 25_000;

/** ProducerCounters count since the producer was created, unless a comment states otherwise. */
export interface ProducerCounters {
  /** User records stored in Kinesis. */
  readonly recordsSent: number;
  /** Kinesis records that hold these user records. */
  readonly kinesisRecordsSent: number;
  /** PutRecords calls, including failed ones. */
  readonly requests: number;
  /** Bytes of data and partition key of the Kinesis records that were stored. */
  readonly bytesSent: number;
  /** PUT payload units of these bytes. */
  readonly putUnits: number;
  /** How often a Kinesis record was not stored because of a rate limit. */
  readonly throttled: number;
  /** How often a Kinesis record was sent again. */
  readonly retried: number;
  /** How often it was unknown whether a Kinesis record was stored. It was sent again each time. */
  readonly ambiguous: number;
  /** User records that were rejected. */
  readonly refused: number;
  /** The sum, over the Kinesis records stored, of bytes / limit of an aggregate. Divided by kinesisRecordsSent it is how full they are on average. */
  readonly aggregateFill: number;
  /** The present receive time of the oldest user record that is not completed. */
  readonly oldestIncompleteNs: bigint | undefined;
  /** Requests in flight at present. */
  readonly inFlightRequests: number;
  /** User records that are not completed at present. */
  readonly waitingRecords: number;
  /** Queues (buckets or partition keys) that hold a record at present. */
  readonly busyQueues: number;
}

/** ProducerTotals are the counters that only grow. */
export type ProducerTotals = {
  -readonly [Name in Exclude<
    keyof ProducerCounters,
    'oldestIncompleteNs' | 'inFlightRequests' | 'waitingRecords' | 'busyQueues'
  >]: number;
};

export function noTotals(): ProducerTotals {
  return {
    recordsSent: 0,
    kinesisRecordsSent: 0,
    requests: 0,
    bytesSent: 0,
    putUnits: 0,
    throttled: 0,
    retried: 0,
    ambiguous: 0,
    refused: 0,
    aggregateFill: 0,
  };
}
