/** A PUT payload unit: what AWS bills for a provisioned stream, each begun one whole [AWS Kinesis pricing, 2026]. */
export const PUT_UNIT_BYTES = 25_000;

/** Since the producer was made, unless said otherwise. */
export interface ProducerCounters {
  /** User records that Kinesis holds. */
  readonly recordsSent: number;
  /** Of these many Kinesis records. */
  readonly kinesisRecordsSent: number;
  /** PutRecords calls, failed ones too. */
  readonly requests: number;
  /** Data and partition keys of the Kinesis records that were taken. */
  readonly bytesSent: number;
  /** PUT payload units of these. */
  readonly putUnits: number;
  /** Kinesis records that were not taken because of a rate, each time. */
  readonly throttled: number;
  /** Kinesis records that were sent again. */
  readonly retried: number;
  /** Kinesis records of which is not known whether they were stored, each time. They were sent again. */
  readonly ambiguous: number;
  /** User records settled with a refusal. */
  readonly refused: number;
  /** Sum over the Kinesis records taken of bytes / limit of an aggregate: divided by kinesisRecordsSent, how full they are. */
  readonly aggregateFill: number;
  /** Receive time of the oldest user record not settled, now. */
  readonly oldestUnsettledNs: bigint | undefined;
  /** Now. */
  readonly inFlightRequests: number;
  /** User records not settled, now. */
  readonly waitingRecords: number;
  /** Buckets or partition keys that hold something, now. */
  readonly busyLanes: number;
}

/** The part that only grows. */
export type ProducerTotals = {
  -readonly [Name in Exclude<
    keyof ProducerCounters,
    'oldestUnsettledNs' | 'inFlightRequests' | 'waitingRecords' | 'busyLanes'
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
