import type { StreamRecord } from '../../stream.js';
import { type Aggregate, openAggregate } from '../aggregation/open-aggregate.js';
import type { KinesisRecord } from '../kinesis-api.js';
import { decodeCloudEvent } from './cloud-event-decoder.js';
import { MAX_PARTITION_KEY_LENGTH, prefixOf } from './partition-key.js';

/** UserRecords are the user records of one Kinesis record: those of an aggregate, or the single one that it is itself. */
export interface UserRecords {
  /** 0 for an aggregate without user records. */
  readonly count: number;
  /** True when it begins like an aggregate but is damaged; it is then one raw record. */
  readonly isDamaged: boolean;
  /** Returns a cursor from the user record with sub-sequence number `skip` on. The payloads are views of the Kinesis record's bytes. */
  cursor(skip: number): UserRecordCursor;
}

export interface UserRecordCursor {
  next(): StreamRecord | undefined;
}

const NO_KEY = '-';
const UNSAFE_IN_LEVEL = /[%+#/\0]/g;
/** The QoS of a record without one: it was acknowledged at least once. */
const DEFAULT_QOS = 1;

/** Opens a Kinesis record. Never throws, whatever the data holds. */
export function openUserRecords(record: KinesisRecord, streamName: string): UserRecords {
  const { data } = record;
  const bytes = Buffer.isBuffer(data) ? data : Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  const opened = openAggregate(bytes);
  const decode = (userRecord: Buffer, partitionKey: string, subSequenceNumber: number) =>
    toStreamRecord(userRecord, partitionKey, subSequenceNumber, record, streamName);
  if (opened.kind === 'aggregate') return ofAggregate(opened.aggregate, decode);
  return {
    count: 1,
    isDamaged: opened.kind === 'damaged',
    cursor(skip) {
      let isDone = skip > 0;
      return {
        next() {
          if (isDone) return undefined;
          isDone = true;
          return decode(bytes, record.partitionKey, 0);
        },
      };
    },
  };
}

type Decode = (userRecord: Buffer, partitionKey: string, subSequenceNumber: number) => StreamRecord;

function ofAggregate(aggregate: Aggregate, decode: Decode): UserRecords {
  return {
    count: aggregate.count,
    isDamaged: false,
    cursor(skip) {
      const inner = aggregate.cursor(skip);
      return {
        next() {
          const next = inner.next();
          return next && decode(next.data, next.partitionKey, next.subSequenceNumber);
        },
      };
    },
  };
}

/**
 * Returns the stored record when Sluice has encoded it. From other CloudEvents it takes the topic from `subject`, the
 * client id from `clientid` or `source`, and the receive time from `time`. Other bytes are a payload under a topic that
 * names the partition key.
 */
function toStreamRecord(
  bytes: Buffer,
  partitionKey: string,
  subSequenceNumber: number,
  record: KinesisRecord,
  streamName: string,
): StreamRecord {
  const event = decodeCloudEvent(bytes);
  return {
    receivedAtNs:
      event?.receivedAtNs ?? arrivalNs(record.arrivedAtMs, record.sequenceNumber, subSequenceNumber),
    topic: event?.topic ?? rawTopic(streamName, partitionKey),
    clientId: event?.clientId ?? rawClientId(partitionKey),
    qos: event?.qos ?? DEFAULT_QOS,
    payload: event?.payload ?? bytes,
  };
}

/**
 * Returns the topic of bytes that name none: `kinesis/<stream>/<partition key>/data`, with `%`, `+`, `#`,
 * `/` and NUL percent-encoded, so that no two keys share a topic, and `-` for an empty key.
 */
export function rawTopic(streamName: string, partitionKey: string): string {
  const key = rawClientId(partitionKey);
  return `kinesis/${streamName}/${key === '' ? NO_KEY : key.replace(UNSAFE_IN_LEVEL, percentEncoded)}/data`;
}

/** Returns the partition key; of a key over 256 UTF-16 units, which only an aggregate can hold, the first 256. */
export function rawClientId(partitionKey: string): string {
  return prefixOf(partitionKey, MAX_PARTITION_KEY_LENGTH);
}

function percentEncoded(character: string): string {
  return `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`;
}

const NS_PER_MS = 1_000_000n;
const OFFSETS = 1_000_000;
/** A prime; the rest of OFFSETS is for the inner records of an aggregate. */
const SEQUENCE_OFFSETS = 899_981;

/**
 * Returns a receive time for a record that has none: the ms at which Kinesis stored its Kinesis record, plus an offset in
 * ns that follows from sequence number and sub-sequence number alone. So every replay gives the same identity.
 *
 * Two records of one aggregate never get the same time (except those exactly a million apart), and 100,000 of them keep
 * their order. Records of one ms in a shard get different times if their sequence numbers differ modulo the prime. Those
 * of neighbours do, because they rise in steps of a power of two; others collide by chance, 1 in 900,000 for each pair.
 */
export function arrivalNs(arrivedAtMs: number, sequenceNumber: string, subSequenceNumber: number): bigint {
  const offset = (remainder(sequenceNumber) + subSequenceNumber) % OFFSETS;
  return BigInt(Math.floor(arrivedAtMs)) * NS_PER_MS + BigInt(offset);
}

/** Returns the remainder of a decimal integer of any length, divided by the prime. Other characters do no harm. */
function remainder(decimal: string): number {
  let rest = 0;
  for (let at = 0; at < decimal.length; at += 1)
    rest = (rest * 10 + (decimal.charCodeAt(at) & 15)) % SEQUENCE_OFFSETS;
  return rest;
}
