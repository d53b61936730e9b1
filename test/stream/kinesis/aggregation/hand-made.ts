import { createHash } from 'node:crypto';
import { openAggregate } from '../../../../src/stream/kinesis/aggregation/open-aggregate.js';

const MAGIC = Buffer.from('f3899ac2', 'hex');

/** A varint of any size, also larger than a number can be. */
export function varint(value: number | bigint): Buffer {
  const bytes: number[] = [];
  let rest = BigInt(value);
  do {
    bytes.push(Number(rest & 127n) | (rest > 127n ? 128 : 0));
    rest >>= 7n;
  } while (rest > 0n);
  return Buffer.from(bytes);
}

export function field(number: number, wireType: number, ...content: Buffer[]): Buffer {
  return Buffer.concat([varint((number << 3) | wireType), ...content]);
}

/** A length-delimited field. */
export function delimited(number: number, content: Buffer | string): Buffer {
  const bytes = Buffer.from(content as string);
  return field(number, 2, varint(bytes.length), bytes);
}

export function inner(partitionKeyIndex: number | bigint, data: string, ...more: Buffer[]): Buffer {
  return Buffer.concat([field(1, 0, varint(partitionKeyIndex)), delimited(3, data), ...more]);
}

/** Magic and the right MD5 around any bytes. */
export function sealed(...protobuf: Buffer[]): Buffer {
  const bytes = Buffer.concat(protobuf);
  return Buffer.concat([MAGIC, bytes, createHash('md5').update(bytes).digest()]);
}

/** All inner records, as copies; or what it is instead. */
export function opened(bytes: Uint8Array, skip = 0) {
  const found = openAggregate(bytes);
  if (found.kind !== 'aggregate') return found.kind;
  const records = [];
  const cursor = found.aggregate.cursor(skip);
  for (let next = cursor.next(); next !== undefined; next = cursor.next()) {
    records.push({ ...next, data: Buffer.from(next.data) });
  }
  return records;
}
