import { Aggregate } from './aggregate.js';
import { AGGREGATE_MAGIC, aggregateDigest, DIGEST_BYTES, TAG } from './aggregate-format.js';
import { InnerFields } from './inner-fields.js';
import { KeyTable } from './key-table.js';
import { BAD, ProtobufCursor } from './protobuf-cursor.js';

export type OpenedAggregate =
  | { readonly kind: 'aggregate'; readonly aggregate: Aggregate }
  /** No aggregate at all. */
  | { readonly kind: 'plain' }
  /** It begins like one, but digest or content do not fit: pass it on as one plain record, and count it. */
  | { readonly kind: 'damaged' };

const PLAIN: OpenedAggregate = { kind: 'plain' };
const DAMAGED: OpenedAggregate = { kind: 'damaged' };
const SHORTEST_BYTES = AGGREGATE_MAGIC.length + DIGEST_BYTES + 1;

/**
 * Looks whether the data of a Kinesis record is an aggregate, and checks all of it, so that reading cannot fail half
 * way. Never throws. The bytes stay the caller's, and the inner records are views of them: they must not change.
 */
export function openAggregate(bytes: Uint8Array): OpenedAggregate {
  const buffer = Buffer.isBuffer(bytes)
    ? bytes
    : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 0; at < AGGREGATE_MAGIC.length; at += 1) {
    if (buffer[at] !== AGGREGATE_MAGIC[at]) return PLAIN;
  }
  if (buffer.length < SHORTEST_BYTES) return DAMAGED;
  const end = buffer.length - DIGEST_BYTES;
  const digest = aggregateDigest(buffer.subarray(AGGREGATE_MAGIC.length, end));
  if (digest.compare(buffer, end) !== 0) return DAMAGED;
  const aggregate = surveyed(buffer, AGGREGATE_MAGIC.length, end);
  return aggregate === undefined ? DAMAGED : { kind: 'aggregate', aggregate };
}

function surveyed(bytes: Buffer, from: number, end: number): Aggregate | undefined {
  const cursor = new ProtobufCursor(bytes, from, end);
  const fields = new InnerFields();
  const partitionKeys = new KeyTable(bytes);
  const explicitHashKeys = new KeyTable(bytes);
  let count = 0;
  let start = end;
  // Records may stand before the tables they point into.
  let maxPartitionKey = -1;
  let maxExplicitHashKey = -1;
  while (cursor.at < end) {
    const tagAt = cursor.at;
    const tag = cursor.tag();
    if (tag === BAD) return undefined;
    if (tag === TAG.record) {
      const length = cursor.length();
      if (length === BAD || !fields.read(cursor, cursor.at + length)) return undefined;
      if (count === 0) start = tagAt;
      count += 1;
      maxPartitionKey = Math.max(maxPartitionKey, fields.partitionKeyIndex);
      maxExplicitHashKey = Math.max(maxExplicitHashKey, fields.explicitHashKeyIndex);
      continue;
    }
    if (tag === TAG.partitionKey) partitionKeys.add(cursor.at);
    if (tag === TAG.explicitHashKey) explicitHashKeys.add(cursor.at);
    if (!cursor.skip(tag)) return undefined;
  }
  if (maxPartitionKey >= partitionKeys.size || maxExplicitHashKey >= explicitHashKeys.size) return undefined;
  return new Aggregate(bytes, { partitionKeys, explicitHashKeys, count, start, end });
}
