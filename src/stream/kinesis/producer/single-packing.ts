import { type Encode, encodeSafely, tooLarge } from './encoding.js';
import { Fifo } from './fifo.js';
import type { Packing } from './packing.js';
import type { OutgoingRecord, Refuse, UserRecord } from './user-record.js';

export interface SinglePackingOptions {
  readonly maxRecordBytes: number;
  readonly encode: Encode;
  readonly refuse: Refuse;
}

/** Without aggregation: each user record is a Kinesis record. Encoded when it comes to the head of its lane. */
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

  hurry(): void {}

  take(): OutgoingRecord | undefined {
    const { encode, refuse, maxRecordBytes } = this.#options;
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      const data = encodeSafely(encode, next, refuse);
      if (data === undefined) continue;
      const outgoing = outgoingOf(next, data);
      if (outgoing.sizeBytes <= maxRecordBytes) return outgoing;
      refuse(next, tooLarge(outgoing.sizeBytes, maxRecordBytes));
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
