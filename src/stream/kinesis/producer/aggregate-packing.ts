import { AggregateBuilder } from '../aggregation/aggregate-builder.js';
import { Fifo } from './dispatch-queues.js';
import {
  type Encode,
  encodeSafely,
  type OutgoingRecord,
  type Packing,
  type Reject,
  tooLarge,
  type UserRecord,
} from './packing.js';

export interface AggregatePackingOptions {
  readonly aggregateBytes: number;
  readonly maxRecordBytes: number;
  readonly encode: Encode;
  readonly reject: Reject;
}

/** More than an aggregate of one record, with its keys (twice 256 characters), adds to the bytes of the record. */
const MAX_OVERHEAD_BYTES = 4_096;

interface OpenAggregate {
  readonly builder: AggregateBuilder;
  readonly userRecords: UserRecord[];
}

/**
 * AggregatePacking gathers the user records of one bucket in one open aggregate. A record is encoded as it enters the
 * aggregate, so that the size is known to the byte. What does not fit any more waits, not encoded, until the aggregate
 * has been taken. So however long Kinesis is unavailable, a queue holds at most two encoded aggregates (one in flight,
 * one open) and one encoded record in addition to the records of the caller: 64 buckets of 25 kB take 3.2 MB.
 */
export class AggregatePacking implements Packing {
  readonly #explicitHashKey: string;
  readonly #options: AggregatePackingOptions;
  #open: OpenAggregate | undefined;
  /** The first record that did not fit, encoded. */
  #next: { readonly userRecord: UserRecord; readonly data: Uint8Array } | undefined;
  /** What follows #next; empty without it. */
  readonly #waiting = new Fifo<UserRecord>();

  constructor(explicitHashKey: string, options: AggregatePackingOptions) {
    this.#explicitHashKey = explicitHashKey;
    this.#options = options;
  }

  add(userRecord: UserRecord): void {
    if (this.#next !== undefined) this.#waiting.push(userRecord);
    else this.#encode(userRecord);
  }

  get dueMs(): number | undefined {
    if (this.#open === undefined) return undefined;
    const isFull = this.#next !== undefined || this.#open.builder.sizeBytes >= this.#options.aggregateBytes;
    return isFull ? Number.NEGATIVE_INFINITY : this.#open.userRecords[0]!.dueMs;
  }

  get oldest(): UserRecord | undefined {
    return this.#open?.userRecords[0];
  }

  take(): OutgoingRecord | undefined {
    const taken = this.#open;
    if (taken === undefined) return undefined;
    this.#open = undefined;
    this.#refill();
    return this.#close(taken);
  }

  makeDue(): void {
    for (const userRecord of this.#open?.userRecords ?? []) userRecord.dueMs = Number.NEGATIVE_INFINITY;
    if (this.#next !== undefined) this.#next.userRecord.dueMs = Number.NEGATIVE_INFINITY;
    for (const userRecord of this.#waiting) userRecord.dueMs = Number.NEGATIVE_INFINITY;
  }

  pack(userRecords: readonly UserRecord[]): OutgoingRecord {
    const builder = new AggregateBuilder(this.#explicitHashKey, Number.MAX_SAFE_INTEGER);
    for (const { partitionKey, record } of userRecords)
      builder.add(partitionKey, this.#options.encode(record));
    return this.#close({ builder, userRecords: [...userRecords] });
  }

  #refill(): void {
    const next = this.#next;
    this.#next = undefined;
    if (next !== undefined) this.#enter(next.userRecord, next.data);
    while (this.#next === undefined && this.#waiting.size > 0) this.#encode(this.#waiting.shift()!);
  }

  #encode(userRecord: UserRecord): void {
    const { encode, reject, maxRecordBytes } = this.#options;
    const data = encodeSafely(encode, userRecord, reject);
    if (data === undefined) return;
    // Finding the exact size needs a builder, and hardly any record is near the limit.
    if (data.length + MAX_OVERHEAD_BYTES > maxRecordBytes) {
      const { sizeBytes } = this.#begin(userRecord, data).builder;
      if (sizeBytes > maxRecordBytes) {
        reject(userRecord, tooLarge(sizeBytes, maxRecordBytes));
        return;
      }
    }
    this.#enter(userRecord, data);
  }

  #enter(userRecord: UserRecord, data: Uint8Array): void {
    if (this.#open === undefined) {
      this.#open = this.#begin(userRecord, data);
    } else if (this.#open.builder.add(userRecord.partitionKey, data)) {
      this.#open.userRecords.push(userRecord);
    } else {
      this.#next = { userRecord, data };
    }
  }

  #begin(userRecord: UserRecord, data: Uint8Array): OpenAggregate {
    const builder = new AggregateBuilder(this.#explicitHashKey, this.#options.aggregateBytes);
    builder.add(userRecord.partitionKey, data);
    return { builder, userRecords: [userRecord] };
  }

  #close({ builder, userRecords }: OpenAggregate): OutgoingRecord {
    const { partitionKey, sizeBytes } = builder;
    const entry = { data: builder.build(), partitionKey, explicitHashKey: this.#explicitHashKey };
    return { entry, userRecords, sizeBytes, fill: sizeBytes / this.#options.aggregateBytes };
  }
}
