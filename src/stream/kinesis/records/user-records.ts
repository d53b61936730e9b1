import type { StreamRecord } from '../../stream.js';
import type { Aggregate } from '../aggregation/aggregate.js';
import { openAggregate } from '../aggregation/open-aggregate.js';
import type { KinesisRecord } from '../kinesis-api.js';
import { arrivalNs } from './arrival.js';
import { decodeCloudEvent } from './cloud-event-decoder.js';
import { rawClientId, rawTopic } from './raw-names.js';

/** The user records of one Kinesis record: those of an aggregate, or the one that it is. */
export interface UserRecords {
  /** 0 for an aggregate without any. */
  readonly count: number;
  /** It begins like an aggregate but is not sound; all of it is then one raw record. */
  readonly isDamaged: boolean;
  /** From the user record with sub-sequence number `skip` on. The payloads are views of the Kinesis record's bytes. */
  cursor(skip: number): UserRecordCursor;
}

export interface UserRecordCursor {
  next(): StreamRecord | undefined;
}

/** QoS of a record that does not say: it was acknowledged at least once. */
const DEFAULT_QOS = 1;

/** Never throws on what the data holds. */
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
 * What Sluice has encoded comes back as it was stored. Of other CloudEvents: topic from `subject`, client id from
 * `clientid` or `source`, receive time from `time`. Anything else is a payload under a topic of its own.
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
