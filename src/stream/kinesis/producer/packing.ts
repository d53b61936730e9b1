import type { OutgoingRecord, UserRecord } from './user-record.js';

/** Makes Kinesis records of the user records of one lane, in their order. */
export interface Packing {
  add(userRecord: UserRecord): void;
  /** Monotonic ms from when `take` should be called, `-Infinity` for at once; undefined when there is nothing. */
  readonly dueMs: number | undefined;
  /** The next Kinesis record, whether due or not; undefined when nothing is left. */
  take(): OutgoingRecord | undefined;
  /** All user records added so far are due. */
  hurry(): void;
  /** One Kinesis record of these user records, which were taken before. */
  pack(userRecords: readonly UserRecord[]): OutgoingRecord;
  readonly oldest: UserRecord | undefined;
}
