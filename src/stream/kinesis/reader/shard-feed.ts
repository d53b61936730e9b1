import type { KinesisRecord } from '../kinesis-api.js';
import { openUserRecords, type UserRecordCursor } from '../records/user-records.js';
import type { ShardAssignment } from '../shard-assignment.js';
import type { ShardPosition, ShardProgress } from '../shard-position.js';
import type { BatchFilling } from './batch-filling.js';
import { type FetchRoom, heldBytes, MAX_PAGE_BYTES } from './fetch-room.js';
import type { ReaderTotals } from './reader-counters.js';
import type { ShardEnd, ShardPage } from './record-source.js';

interface OpenedRecord {
  readonly record: KinesisRecord;
  readonly cursor: UserRecordCursor;
  /** The sub-sequence number of the next user record. */
  next: number;
  /** How many user records are left in it, at least one. */
  left: number;
}

/**
 * ShardFeed holds what has been fetched of one shard and not been delivered, and knows the position up to which it has
 * been delivered. Kinesis records are opened as they are needed, and their user records are made one by one: a million
 * tiny ones in an aggregate take no more memory than its bytes.
 */
export class ShardFeed {
  readonly assignment: ShardAssignment;
  readonly #streamName: string;
  readonly #room: FetchRoom;
  readonly #totals: ReaderTotals;
  readonly #pages: (readonly KinesisRecord[])[] = [];
  /** The index, in the first page, of the next record to open. */
  #atInPage = 0;
  #opened: OpenedRecord[] = [];
  #readyRecords = 0;
  #readyBytes = 0;
  #heldBytes = 0;
  #end: ShardEnd | undefined;
  #at: ShardPosition;
  #records: number;
  #hasMoved = false;
  #wanted: (() => void) | undefined;

  constructor(assignment: ShardAssignment, streamName: string, room: FetchRoom, totals: ReaderTotals) {
    this.assignment = assignment;
    this.#streamName = streamName;
    this.#room = room;
    this.#totals = totals;
    this.#at = assignment.from;
    this.#records = assignment.records;
  }

  /** Returns the number of user records in opened Kinesis records. */
  get readyRecords(): number {
    return this.#readyRecords;
  }

  /** Returns the bytes of opened Kinesis records. */
  get readyBytes(): number {
    return this.#readyBytes;
  }

  /** Returns whether the rest of the shard is opened, so that waiting brings nothing more. */
  get isLast(): boolean {
    return this.#end !== undefined && this.#pages.length === 0;
  }

  /** Returns the end of the shard once everything before it has been delivered. */
  get end(): ShardEnd | undefined {
    return this.isLast && this.#opened.length === 0 ? this.#end : undefined;
  }

  /** Returns whether the position has moved since `positionTaken`, possibly over Kinesis records without user records. */
  get hasMoved(): boolean {
    return this.#hasMoved;
  }

  get progress(): ShardProgress {
    return { at: this.#at, records: this.#records };
  }

  /** Adds a page whose bytes are already held in the room. */
  add(page: ShardPage): void {
    if (page.records.length > 0) this.#pages.push(page.records);
    for (const record of page.records) this.#heldBytes += heldBytes(record);
    this.#end = page.end;
  }

  /** Resolves when another page should be fetched: one may wait while another is delivered. Calls do not overlap. */
  async wantsMore(): Promise<void> {
    while (this.#heldBytes >= MAX_PAGE_BYTES) {
      await new Promise<void>((resolve) => {
        this.#wanted = resolve;
      });
    }
  }

  /** Opens the next Kinesis record. Returns false when there is none. */
  openNext(): boolean {
    const record = this.#nextUnopened();
    if (record === undefined) return false;
    const userRecords = openUserRecords(record, this.#streamName, this.#totals);
    if (userRecords.isDamaged) this.#totals.damagedAggregates += 1;
    const done = this.#doneOf(record);
    const left = Math.max(0, userRecords.count - done);
    if (left === 0) {
      // An aggregate without user records has the position that its first user record would have.
      if (done === 0) this.#moveTo(record, 0);
      this.#releaseRecord(record);
      return true;
    }
    this.#opened.push({ record, cursor: userRecords.cursor(done), next: done, left });
    this.#readyRecords += left;
    this.#readyBytes += heldBytes(record);
    return true;
  }

  /** Delivers the next Kinesis record into the batch, or as much of it as the batch takes. Returns false when there is none. */
  take(filling: BatchFilling): boolean {
    while (this.#opened.length === 0) if (!this.openNext()) return false;
    const opened = this.#opened[0]!;
    const part = filling.partOf(this.assignment.partition);
    let taken = 0;
    while (taken < opened.left && !filling.isFull) {
      const record = opened.cursor.next();
      if (record === undefined) {
        throw new Error(
          `Kinesis record ${opened.record.sequenceNumber} has fewer user records than it announced`,
        );
      }
      part.push(record);
      filling.count(record);
      taken += 1;
    }
    opened.next += taken;
    opened.left -= taken;
    this.#records += taken;
    this.#readyRecords -= taken;
    this.#totals.recordsRead += taken;
    this.#moveTo(opened.record, opened.next - 1);
    if (opened.left === 0) {
      this.#opened.shift();
      this.#readyBytes -= heldBytes(opened.record);
      this.#releaseRecord(opened.record);
    }
    return true;
  }

  /** The end of the shard has been delivered. */
  finish(): void {
    this.#at = { kind: 'SHARD_END' };
  }

  /** The present position is part of a batch. */
  positionTaken(): void {
    this.#hasMoved = false;
  }

  /** Drops everything that was fetched. */
  clear(): void {
    this.#room.release(this.#heldBytes);
    this.#pages.length = 0;
    this.#opened = [];
    this.#readyRecords = 0;
    this.#readyBytes = 0;
    this.#heldBytes = 0;
    this.#end = undefined;
    this.#hasMoved = false;
    this.#wanted?.();
  }

  #moveTo({ sequenceNumber }: KinesisRecord, subSequenceNumber: number): void {
    this.#at = { kind: 'BEHIND', sequenceNumber, subSequenceNumber };
    this.#hasMoved = true;
  }

  #releaseRecord(record: KinesisRecord): void {
    const bytes = heldBytes(record);
    this.#heldBytes -= bytes;
    this.#room.release(bytes);
    this.#totals.kinesisRecordsRead += 1;
    if (this.#heldBytes < MAX_PAGE_BYTES) this.#wanted?.();
  }

  /** Returns how many user records of this Kinesis record were delivered before this assignment began. */
  #doneOf(record: KinesisRecord): number {
    const { from } = this.assignment;
    if (from.kind !== 'BEHIND' || from.sequenceNumber !== record.sequenceNumber) return 0;
    return from.subSequenceNumber + 1;
  }

  #nextUnopened(): KinesisRecord | undefined {
    const page = this.#pages[0];
    if (page === undefined) return undefined;
    const record = page[this.#atInPage];
    this.#atInPage += 1;
    if (this.#atInPage === page.length) {
      this.#pages.shift();
      this.#atInPage = 0;
    }
    return record;
  }
}
