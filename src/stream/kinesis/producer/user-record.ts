import type { OutletRefusal, StreamRecord } from '../../stream.js';
import type { PutEntry } from '../kinesis-api.js';

/** One record of the caller's, from `send` until it is settled. */
export interface UserRecord {
  readonly record: StreamRecord;
  readonly partitionKey: string;
  readonly settled: (refusal?: OutletRefusal) => void;
  /** Monotonic ms: it has waited for company long enough. */
  dueMs: number;
}

/** A Kinesis record on its way: one user record, or the aggregate of several of one bucket, in their order. */
export interface OutgoingRecord {
  readonly entry: PutEntry;
  readonly userRecords: readonly UserRecord[];
  /** Data and partition key: what Kinesis counts against its limits and bills. */
  readonly sizeBytes: number;
  /** How full the aggregate is, from 0; 1 for a record without one. */
  readonly fill: number;
}

/** Settles a user record that can never be sent. Must not call back before the running call has returned. */
export type Refuse = (userRecord: UserRecord, refusal: OutletRefusal) => void;
