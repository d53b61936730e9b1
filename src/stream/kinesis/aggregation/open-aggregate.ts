import {
  ABSENT,
  AGGREGATE_MAGIC,
  aggregateDigest,
  DIGEST_BYTES,
  InnerFields,
  TAG,
} from './aggregate-format.js';
import { BAD, ProtobufCursor } from './protobuf-cursor.js';

export type OpenedAggregate =
  | { readonly kind: 'aggregate'; readonly aggregate: Aggregate }
  /** The data is no aggregate. */
  | { readonly kind: 'plain' }
  /** The data begins like an aggregate, but its digest or content is wrong: the caller passes it on as one plain record and counts it. */
  | { readonly kind: 'damaged' };

const PLAIN: OpenedAggregate = { kind: 'plain' };
const DAMAGED: OpenedAggregate = { kind: 'damaged' };
const SHORTEST_BYTES = AGGREGATE_MAGIC.length + DIGEST_BYTES + 1;

/**
 * Checks whether the data of a Kinesis record is an aggregate, and checks all of it, so that reading cannot fail in the
 * middle. Never throws. The inner records are views of the caller's bytes, which must not change.
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
  const aggregate = checked(buffer, AGGREGATE_MAGIC.length, end);
  return aggregate === undefined ? DAMAGED : { kind: 'aggregate', aggregate };
}

function checked(bytes: Buffer, from: number, end: number): Aggregate | undefined {
  const cursor = new ProtobufCursor(bytes, from, end);
  const fields = new InnerFields();
  const partitionKeys = new KeyTable(bytes);
  const explicitHashKeys = new KeyTable(bytes);
  let count = 0;
  let start = end;
  // Records may come before the tables that their indexes refer to.
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

export interface InnerRecord {
  readonly partitionKey: string;
  /** Decimal. When absent, the partition key decides the shard. */
  readonly explicitHashKey?: string;
  /** A view of the aggregate's bytes. */
  readonly data: Buffer;
  /** Index in the aggregate, from 0. */
  readonly subSequenceNumber: number;
}

interface AggregateLayout {
  readonly partitionKeys: KeyTable;
  readonly explicitHashKeys: KeyTable;
  readonly count: number;
  /** The offsets of the first inner record's tag and of the end of the protobuf. */
  readonly start: number;
  readonly end: number;
}

/** Aggregate has been checked completely. Its records are created as they are requested. */
export class Aggregate {
  readonly #bytes: Buffer;
  readonly #layout: AggregateLayout;

  constructor(bytes: Buffer, layout: AggregateLayout) {
    this.#bytes = bytes;
    this.#layout = layout;
  }

  /** Returns the number of inner records; an aggregate without any is valid. */
  get count(): number {
    return this.#layout.count;
  }

  /** Returns a cursor over the inner records from sub-sequence number `skip` on. */
  cursor(skip: number): AggregateCursor {
    return new AggregateCursor(this.#bytes, this.#layout, skip);
  }
}

class AggregateCursor {
  readonly #bytes: Buffer;
  readonly #layout: AggregateLayout;
  readonly #protobuf: ProtobufCursor;
  readonly #fields = new InnerFields();
  #subSequenceNumber = 0;

  constructor(bytes: Buffer, layout: AggregateLayout, skip: number) {
    this.#bytes = bytes;
    this.#layout = layout;
    this.#protobuf = new ProtobufCursor(bytes, layout.start, layout.end);
    while (this.#subSequenceNumber < skip) {
      const length = this.#nextRecord();
      if (length === ABSENT) return;
      this.#protobuf.at += length;
      this.#subSequenceNumber += 1;
    }
  }

  next(): InnerRecord | undefined {
    const length = this.#nextRecord();
    if (length === ABSENT) return undefined;
    const fields = this.#fields;
    fields.read(this.#protobuf, this.#protobuf.at + length);
    const partitionKey = this.#layout.partitionKeys.text(fields.partitionKeyIndex);
    const data = this.#bytes.subarray(fields.payloadStart, fields.payloadEnd);
    const subSequenceNumber = this.#subSequenceNumber;
    this.#subSequenceNumber += 1;
    if (fields.explicitHashKeyIndex === ABSENT) return { partitionKey, data, subSequenceNumber };
    const explicitHashKey = this.#layout.explicitHashKeys.text(fields.explicitHashKeyIndex);
    return { partitionKey, explicitHashKey, data, subSequenceNumber };
  }

  /** Moves to the first byte of the next inner record and returns its length; ABSENT after the last one. */
  #nextRecord(): number {
    const protobuf = this.#protobuf;
    while (protobuf.at < protobuf.end) {
      const tag = protobuf.tag();
      if (tag === TAG.record) return protobuf.length();
      protobuf.skip(tag);
    }
    return ABSENT;
  }
}

/**
 * KeyTable is one of the two key tables of an aggregate: the offsets of its entries, four bytes each, and the texts that
 * were requested. A hostile aggregate of 10 MiB can hold five million entries.
 */
class KeyTable {
  readonly #bytes: Buffer;
  #offsets = new Uint32Array(16);
  #size = 0;
  readonly #texts: string[] = [];

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get size(): number {
    return this.#size;
  }

  /** `offset` is that of the length before the entry; both are known to be within bounds. */
  add(offset: number): void {
    if (this.#size === this.#offsets.length) {
      const grown = new Uint32Array(this.#size + (this.#size >> 1));
      grown.set(this.#offsets);
      this.#offsets = grown;
    }
    this.#offsets[this.#size] = offset;
    this.#size += 1;
  }

  /** Returns an entry, which is decoded once however many records use it. */
  text(index: number): string {
    const known = this.#texts[index];
    if (known !== undefined) return known;
    const cursor = new ProtobufCursor(this.#bytes, this.#offsets[index]!, this.#bytes.length);
    const length = cursor.length();
    const text = this.#bytes.toString('utf8', cursor.at, cursor.at + length);
    this.#texts[index] = text;
    return text;
  }
}
