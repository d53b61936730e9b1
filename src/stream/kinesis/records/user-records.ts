import {
  isValidName,
  MAX_CLIENT_ID_BYTES,
  MAX_TOPIC_BYTES,
  MAX_USER_NAME_BYTES,
  topicNameFault,
} from '../../../lib/mqtt-names.js';
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
/** What the broker accepts in no topic, or a level cannot hold. */
const UNSAFE_IN_LEVEL = /[%+#/\p{Cc}\p{Cs}\p{Noncharacter_Code_Point}\ufffd]/gu;
/** The QoS of a record without one: it was acknowledged at least once. */
const DEFAULT_QOS = 1;

/** What was not taken from records of other programs, counted. */
export interface ReplacedCounts {
  namesReplaced: number;
  timesReplaced: number;
}

/** Opens a Kinesis record, and counts in `counts` what is not taken from it. Never throws, whatever the data holds. */
export function openUserRecords(
  record: KinesisRecord,
  streamName: string,
  counts: ReplacedCounts = { namesReplaced: 0, timesReplaced: 0 },
): UserRecords {
  const { data } = record;
  const bytes = Buffer.isBuffer(data) ? data : Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  const opened = openAggregate(bytes);
  const decode = (userRecord: Buffer, partitionKey: string, subSequenceNumber: number) =>
    toStreamRecord(userRecord, partitionKey, subSequenceNumber, record, streamName, counts);
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
 * client id from `clientid` or `source`, the user from `mqttuser`, and the receive time from `time`, if the broker would accept the names and the
 * time is within reason. Other bytes are a payload under a topic that names the partition key.
 */
function toStreamRecord(
  bytes: Buffer,
  partitionKey: string,
  subSequenceNumber: number,
  record: KinesisRecord,
  streamName: string,
  counts: ReplacedCounts,
): StreamRecord {
  const event = decodeCloudEvent(bytes);
  const refused = event?.refused;
  const topic = accepted(event?.topic, (name) =>
    refused === undefined ? topicNameFault(name) === undefined : Buffer.byteLength(name) <= MAX_TOPIC_BYTES,
  );
  const clientId = accepted(event?.clientId, (name) => isValidName(name, MAX_CLIENT_ID_BYTES));
  const user = accepted(event?.user, (name) => isValidName(name, MAX_USER_NAME_BYTES));
  const hasAll = topic === event?.topic && clientId === event?.clientId && user === event?.user;
  if (event?.hasRefusedName || !hasAll) counts.namesReplaced += 1;
  let receivedAtNs = event?.receivedAtNs;
  if (receivedAtNs !== undefined && !isWithinReason(receivedAtNs, record.arrivedAtMs)) {
    receivedAtNs = undefined;
    counts.timesReplaced += 1;
  }
  return {
    receivedAtNs: receivedAtNs ?? arrivalNs(record.arrivedAtMs, record.sequenceNumber, subSequenceNumber),
    topic: topic ?? rawTopic(streamName, partitionKey),
    clientId: clientId ?? rawClientId(partitionKey),
    user,
    qos: event?.qos ?? DEFAULT_QOS,
    payload: event?.payload ?? bytes,
    properties: event?.properties,
    ...(refused !== undefined && { refused }),
  };
}

/** The name, if the broker would have accepted it from a client. */
function accepted(name: string | undefined, isAccepted: (name: string) => boolean): string | undefined {
  return name !== undefined && isAccepted(name) ? name : undefined;
}

/**
 * Returns the topic of bytes that name none: `kinesis/<stream>/<partition key>/data`, with `%`, `+`, `#`,
 * `/` and control characters percent-encoded, so that no two keys share a topic, and `-` for an empty key.
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
  return `%${character.codePointAt(0)!.toString(16).toUpperCase().padStart(2, '0')}`;
}

const NS_PER_MS = 1_000_000n;
const YEAR_2000_MS = Date.UTC(2000, 0, 1);
const DAY_MS = 86_400_000;

/**
 * Whether a record may have been received then: not before 2000, where clocks start that were never set, and not more
 * than a day after Kinesis has stored it. How long before is open: a log may wait for Kinesis for weeks.
 */
function isWithinReason(receivedAtNs: bigint, arrivedAtMs: number): boolean {
  // A Kinesis whose own clock is wrong says nothing about others.
  if (!(arrivedAtMs >= YEAR_2000_MS)) return true;
  const receivedAtMs = Number(receivedAtNs / NS_PER_MS);
  return receivedAtMs >= YEAR_2000_MS && receivedAtMs - arrivedAtMs <= DAY_MS;
}

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
