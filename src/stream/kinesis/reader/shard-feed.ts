import type { KinesisRecord } from '../kinesis-api.js';
import { openUserRecords, type UserRecordCursor } from '../records/user-records.js';
import type { Tenure } from '../shard-owner.js';
import type { ShardPosition, ShardProgress } from '../shard-position.js';
import type { BatchFilling } from './batch-filling.js';
import { type FetchRoom, heldBytes, MAX_PAGE_BYTES } from './fetch-room.js';
import type { ReaderTotals } from './reader-counters.js';
import type { ShardEnd, ShardPage } from './record-source.js';

interface OpenedRecord {
  readonly record: KinesisRecord;
  readonly cursor: UserRecordCursor;
  /** Sub-sequence number of the next user record. */
  next: number;
  /** User records that it still gives, at least one. */
  left: number;
}

/**
 * What has been fetched of one shard and not handed out, and how far handing out has come. Kinesis records are opened
 * as they are needed, and their user records made one by one: a million tiny ones in an aggregate cost no more
 * than its bytes.
 */
export class ShardFeed {
  readonly tenure: Tenure;
  readonly #streamName: string;
  readonly #room: FetchRoom;
  readonly #totals: ReaderTotals;
  readonly #pages: (readonly KinesisRecord[])[] = [];
  /** In the first page: the next record to open. */
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

  constructor(tenure: Tenure, streamName: string, room: FetchRoom, totals: ReaderTotals) {
    this.tenure = tenure;
    this.#streamName = streamName;
    this.#room = room;
    this.#totals = totals;
    this.#at = tenure.from;
    this.#records = tenure.records;
  }

  /** User records in what is opened. */
  get readyRecords(): number {
    return this.#readyRecords;
  }

  /** Bytes of what is opened. */
  get readyBytes(): number {
    return this.#readyBytes;
  }

  /** The rest of the shard is opened; waiting brings no more of it. */
  get isLast(): boolean {
    return this.#end !== undefined && this.#pages.length === 0;
  }

  /** All that was fetched has been handed out, and nothing follows. */
  get end(): ShardEnd | undefined {
    return this.isLast && this.#opened.length === 0 ? this.#end : undefined;
  }

  /** Over Kinesis records without user records, since `settled`. */
  get hasMoved(): boolean {
    return this.#hasMoved;
  }

  get progress(): ShardProgress {
    return { at: this.#at, records: this.#records };
  }

  /** The page's bytes are held in the room. */
  add(page: ShardPage): void {
    if (page.records.length > 0) this.#pages.push(page.records);
    for (const record of page.records) this.#heldBytes += heldBytes(record);
    this.#end = page.end;
  }

  /** Resolves when another page is worth fetching: one may wait while another is handed out. Calls do not overlap. */
  async wantsMore(): Promise<void> {
    while (this.#heldBytes >= MAX_PAGE_BYTES) {
      await new Promise<void>((resolve) => {
        this.#wanted = resolve;
      });
    }
  }

  /** Opens the next Kinesis record; false when there is none. */
  openNext(): boolean {
    const record = this.#nextUnopened();
    if (record === undefined) return false;
    const userRecords = openUserRecords(record, this.#streamName);
    if (userRecords.isDamaged) this.#totals.damagedAggregates += 1;
    const done = this.#doneOf(record);
    const left = Math.max(0, userRecords.count - done);
    if (left === 0) {
      // Counted from 0 like all, the place of an aggregate without user records is that of its first, had it one.
      if (done === 0) this.#moveTo(record, 0);
      this.#leave(record);
      return true;
    }
    this.#opened.push({ record, cursor: userRecords.cursor(done), next: done, left });
    this.#readyRecords += left;
    this.#readyBytes += heldBytes(record);
    return true;
  }

  /** Hands out what there is of the next Kinesis record, up to where the batch is full. False when there is none. */
  take(filling: BatchFilling): boolean {
    while (this.#opened.length === 0) if (!this.openNext()) return false;
    const opened = this.#opened[0]!;
    const part = filling.partOf(this);
    let taken = 0;
    while (taken < opened.left && !filling.isFull) {
      const record = opened.cursor.next();
      if (record === undefined) {
        throw new Error(`Kinesis record ${opened.record.sequenceNumber} has fewer user records than it said`);
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
      this.#leave(opened.record);
    }
    return true;
  }

  /** The end of the shard has been handed out. */
  finish(): void {
    this.#at = { kind: 'SHARD_END' };
  }

  /** What it moved over is in a position now. */
  settled(): void {
    this.#hasMoved = false;
  }

  /** Lets go of everything. */
  clear(): void {
    this.#room.giveBack(this.#heldBytes);
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

  #leave(record: KinesisRecord): void {
    const bytes = heldBytes(record);
    this.#heldBytes -= bytes;
    this.#room.giveBack(bytes);
    this.#totals.kinesisRecordsRead += 1;
    if (this.#heldBytes < MAX_PAGE_BYTES) this.#wanted?.();
  }

  /** User records of this Kinesis record that were taken before this tenure began. */
  #doneOf(record: KinesisRecord): number {
    const { from } = this.tenure;
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
