import { AggregateBuilder } from '../../src/stream/kinesis/aggregation/aggregate-builder.js';
import { HashKeyBuckets } from '../../src/stream/kinesis/aggregation/hash-key-buckets.js';
import { recordEncoder } from '../../src/stream/kinesis/records/cloud-event-encoder.js';
import { deviceKeyOf } from '../../src/stream/kinesis/records/partition-key.js';
import type { StreamRecord } from '../../src/stream/stream.js';

export const PAYLOAD_BYTES = 150;
/** The default of stream.kinesis.aggregateSize. */
const AGGREGATE_BYTES = 25_000;
const GATEWAY = 'gateway-1';

export type StoredFormat = 'cloudevents' | 'raw';

/** What a record of the sizing takes in Kinesis; found by encoding such records, not by adding up. */
export interface StoredSizes {
  /** The user record alone: the CloudEvent around the payload, or the payload. */
  readonly userRecordBytes: number;
  /** By itself as a Kinesis record, with its partition key. */
  readonly plainBytes: number;
  /** Aggregates with 1, 2, … records, each of another device, with the partition key; the last one is full. */
  readonly aggregateBytes: readonly number[];
}

/** A reading of 150 bytes, of one device of many. */
export function typicalRecord(device: number): StreamRecord {
  const id = `CITI${String(device % 10_000).padStart(4, '0')}`;
  const payload = `{"id":"${id}","temperature":24.3,"humidity":61.2,"pressure":1013.2,"battery":3.7,"rssi":-67,"fw":"2.4.1","city":"mumbai","timestamp":1795250857123}`;
  return {
    receivedAtNs: 1_795_250_857_204_381_526n,
    topic: `sensors/mumbai/${id}/telemetry`,
    clientId: id,
    qos: 1,
    payload: Buffer.from(payload),
  };
}

/** The bytes stored of it. */
export function typicalUserRecord(format: StoredFormat = 'cloudevents'): Uint8Array {
  return recordEncoder(format, GATEWAY)(typicalRecord(1));
}

export function storedSizes(format: StoredFormat = 'cloudevents'): StoredSizes {
  const encode = recordEncoder(format, GATEWAY);
  const builder = new AggregateBuilder(new HashKeyBuckets(64).explicitHashKey(32), AGGREGATE_BYTES);
  const aggregateBytes: number[] = [];
  for (let device = 1; ; device += 1) {
    const record = typicalRecord(device);
    if (!builder.add(deviceKeyOf(record, 'device'), encode(record))) break;
    aggregateBytes.push(builder.sizeBytes);
  }
  const userRecordBytes = typicalUserRecord(format).length;
  const keyBytes = Buffer.byteLength(deviceKeyOf(typicalRecord(1), 'device'));
  return { userRecordBytes, plainBytes: userRecordBytes + keyBytes, aggregateBytes };
}
