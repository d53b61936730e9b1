import { hash } from 'node:crypto';

/**
 * KPL's aggregate [awslabs/amazon-kinesis-producer, aggregation-format.md]: the magic, a protobuf (proto2), the MD5
 * of the protobuf's bytes.
 *
 *   outer  1  repeated string  table of partition keys
 *          2  repeated string  table of explicit hash keys
 *          3  repeated bytes   inner records
 *   inner  1  varint, required   index into the first table
 *          2  varint, optional   index into the second table
 *          3  bytes, required    payload
 *          4  tags, unused
 */
export const AGGREGATE_MAGIC = Buffer.from('f3899ac2', 'hex');
export const DIGEST_BYTES = 16;

/** Field number and wire type of the fields above; all of them fit in one byte. */
export const TAG = {
  partitionKey: 0x0a,
  explicitHashKey: 0x12,
  record: 0x1a,
  partitionKeyIndex: 0x08,
  explicitHashKeyIndex: 0x10,
  payload: 0x1a,
} as const;

/** MD5 is what the format has; it finds damage and protects nothing. */
export function aggregateDigest(protobuf: Uint8Array): Buffer {
  return hash('md5', protobuf, 'buffer');
}
