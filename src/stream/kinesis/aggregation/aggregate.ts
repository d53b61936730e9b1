import { TAG } from './aggregate-format.js';
import { ABSENT, InnerFields } from './inner-fields.js';
import type { KeyTable } from './key-table.js';
import { ProtobufCursor } from './protobuf-cursor.js';

export interface InnerRecord {
  readonly partitionKey: string;
  /** Decimal. Absent: the partition key places the record. */
  readonly explicitHashKey?: string;
  /** A view of the aggregate's bytes. */
  readonly data: Buffer;
  /** Place in the aggregate, from 0. */
  readonly subSequenceNumber: number;
}

export interface AggregateLayout {
  readonly partitionKeys: KeyTable;
  readonly explicitHashKeys: KeyTable;
  readonly count: number;
  /** Of the first inner record's tag, and of the end of the protobuf. */
  readonly start: number;
  readonly end: number;
}

/** An aggregate that has been found sound from end to end. Records are made as they are asked for. */
export class Aggregate {
  readonly #bytes: Buffer;
  readonly #layout: AggregateLayout;

  constructor(bytes: Buffer, layout: AggregateLayout) {
    this.#bytes = bytes;
    this.#layout = layout;
  }

  /** Inner records; an aggregate without any is valid. */
  get count(): number {
    return this.#layout.count;
  }

  /** The inner records from sub-sequence number `skip` on. */
  cursor(skip: number): AggregateCursor {
    return new AggregateCursor(this.#bytes, this.#layout, skip);
  }
}

export class AggregateCursor {
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

  /** The length of the next inner record, with the cursor on its first byte; ABSENT behind the last. */
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
