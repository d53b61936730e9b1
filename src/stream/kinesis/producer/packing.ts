import { errorText } from '../../../lib/errors.js';
import type { StreamRecord, StreamRejection } from '../../stream.js';
import type { PutEntry } from '../kinesis-api.js';
import { Fifo } from './dispatch-queues.js';

/** UserRecord is one record of the caller, from `send` until it is completed. */
export interface UserRecord {
  readonly record: StreamRecord;
  readonly partitionKey: string;
  readonly completed: (rejection?: StreamRejection) => void;
  /** The monotonic time at which it has waited long enough for other records. */
  dueMs: number;
}

/** OutgoingRecord is a Kinesis record to be sent: one user record, or an aggregate of several of one bucket, in their order. */
export interface OutgoingRecord {
  readonly entry: PutEntry;
  readonly userRecords: readonly UserRecord[];
  /** The bytes of data and partition key, which Kinesis counts against its limits and bills. */
  readonly sizeBytes: number;
  /** How full the aggregate is, from 0; 1 for a record that is no aggregate. */
  readonly fill: number;
}

/** Completes a user record that can never be sent. Must not call the caller back before the present call has returned. */
export type Reject = (userRecord: UserRecord, rejection: StreamRejection) => void;

/** Packing turns the user records of one queue into Kinesis records, in their order. */
export interface Packing {
  add(userRecord: UserRecord): void;
  /** The monotonic time from which `take` should be called, `-Infinity` for at once; undefined when there is nothing to take. */
  readonly dueMs: number | undefined;
  /** Removes and returns the next Kinesis record, due or not; undefined when nothing is left. */
  take(): OutgoingRecord | undefined;
  /** Makes all user records added so far due. */
  makeDue(): void;
  /** Makes one Kinesis record of these user records, which were taken before. */
  pack(userRecords: readonly UserRecord[]): OutgoingRecord;
  readonly oldest: UserRecord | undefined;
}

export type Encode = (record: StreamRecord) => Uint8Array;

/** Returns the bytes of a user record; undefined when it cannot be encoded and was rejected. */
export function encodeSafely(encode: Encode, userRecord: UserRecord, reject: Reject): Uint8Array | undefined {
  try {
    return encode(userRecord.record);
  } catch (thrown) {
    reject(userRecord, {
      code: 'stream-refused',
      reason: `the record cannot be encoded for Kinesis: ${errorText(thrown)}`,
    });
    return undefined;
  }
}

export function tooLarge(sizeBytes: number, maxRecordBytes: number): StreamRejection {
  return {
    code: 'stream-record-too-large',
    reason: `the Kinesis record would have ${sizeBytes} bytes with its key; the limit is ${maxRecordBytes}`,
  };
}

export interface SinglePackingOptions {
  readonly maxRecordBytes: number;
  readonly encode: Encode;
  readonly reject: Reject;
}

/** SinglePacking, used without aggregation, makes each user record a Kinesis record, and encodes it when it becomes the head of its queue. */
export class SinglePacking implements Packing {
  readonly #options: SinglePackingOptions;
  readonly #waiting = new Fifo<UserRecord>();

  constructor(options: SinglePackingOptions) {
    this.#options = options;
  }

  add(userRecord: UserRecord): void {
    this.#waiting.push(userRecord);
  }

  get dueMs(): number | undefined {
    return this.#waiting.size === 0 ? undefined : Number.NEGATIVE_INFINITY;
  }

  get oldest(): UserRecord | undefined {
    return this.#waiting.peek();
  }

  makeDue(): void {}

  take(): OutgoingRecord | undefined {
    const { encode, reject, maxRecordBytes } = this.#options;
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      const data = encodeSafely(encode, next, reject);
      if (data === undefined) continue;
      const outgoing = outgoingOf(next, data);
      if (outgoing.sizeBytes <= maxRecordBytes) return outgoing;
      reject(next, tooLarge(outgoing.sizeBytes, maxRecordBytes));
    }
    return undefined;
  }

  pack(userRecords: readonly UserRecord[]): OutgoingRecord {
    const only = userRecords[0]!;
    return outgoingOf(only, this.#options.encode(only.record));
  }
}

function outgoingOf(userRecord: UserRecord, data: Uint8Array): OutgoingRecord {
  const { partitionKey } = userRecord;
  const sizeBytes = data.length + Buffer.byteLength(partitionKey);
  return { entry: { data, partitionKey }, userRecords: [userRecord], sizeBytes, fill: 1 };
}
