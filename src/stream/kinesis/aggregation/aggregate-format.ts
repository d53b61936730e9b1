import { hash } from 'node:crypto';
import { BAD, type ProtobufCursor } from './protobuf-cursor.js';

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

/** Field number and wire type of the fields above, each in one byte. */
export const TAG = {
  partitionKey: 0x0a,
  explicitHashKey: 0x12,
  record: 0x1a,
  partitionKeyIndex: 0x08,
  explicitHashKeyIndex: 0x10,
  payload: 0x1a,
} as const;

/** The format uses MD5: it detects damage but does not protect against forgery. */
export function aggregateDigest(protobuf: Uint8Array): Buffer {
  return hash('md5', protobuf, 'buffer');
}

/** Returns how many bytes a non-negative integer below 2^53 takes as a protobuf varint. */
export function varintBytes(value: number): number {
  let bytes = 1;
  for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes += 1;
  return bytes;
}

/** Returns how many bytes a length-delimited field takes whose tag has one byte. */
export function fieldBytes(length: number): number {
  return 1 + varintBytes(length) + length;
}

/** Writes at `offset` and returns the offset after it. */
export function writeVarint(target: Buffer, offset: number, value: number): number {
  let at = offset;
  let rest = value;
  while (rest >= 0x80) {
    target[at] = (rest % 0x80) | 0x80;
    rest = Math.floor(rest / 0x80);
    at += 1;
  }
  target[at] = rest;
  return at + 1;
}

export const ABSENT = -1;

/** InnerFields holds where the fields of one inner record are. When a field occurs twice the last one counts, as in protobuf. */
export class InnerFields {
  partitionKeyIndex = ABSENT;
  explicitHashKeyIndex = ABSENT;
  payloadStart = 0;
  payloadEnd = 0;

  /** Reads the record at the cursor, up to `end`. Returns false when it is damaged or lacks a required field. */
  read(cursor: ProtobufCursor, end: number): boolean {
    this.partitionKeyIndex = ABSENT;
    this.explicitHashKeyIndex = ABSENT;
    let hasPayload = false;
    const outerEnd = cursor.end;
    cursor.end = end;
    while (cursor.at < end) {
      const tag = cursor.tag();
      switch (tag) {
        case TAG.partitionKeyIndex:
          this.partitionKeyIndex = cursor.varint();
          if (this.partitionKeyIndex === BAD) return false;
          break;
        case TAG.explicitHashKeyIndex:
          this.explicitHashKeyIndex = cursor.varint();
          if (this.explicitHashKeyIndex === BAD) return false;
          break;
        case TAG.payload: {
          const length = cursor.length();
          if (length === BAD) return false;
          hasPayload = true;
          this.payloadStart = cursor.at;
          this.payloadEnd = cursor.at + length;
          cursor.at = this.payloadEnd;
          break;
        }
        default:
          if (tag === BAD || !cursor.skip(tag)) return false;
      }
    }
    cursor.end = outerEnd;
    return hasPayload && this.partitionKeyIndex !== ABSENT;
  }
}
