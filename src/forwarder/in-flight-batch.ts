import { type ParkedRecord, parkedRecord } from '../dead-letter/parked-record.js';
import { maxPropertiesBytes } from '../lib/max-properties-bytes.js';
import type { OutgoingStream, RecordBatch, StreamRejection } from '../stream/stream.js';

interface RejectedRecord {
  readonly part: number;
  readonly at: number;
  readonly rejection: StreamRejection;
}

/** A batch that has been sent, and of which not every record is completed. */
export class InFlightBatch {
  readonly batch: RecordBatch;
  readonly records: number;
  readonly bytes: number;
  readonly #rejected: RejectedRecord[] = [];
  readonly #completed: () => void;
  /** One too many while sending: a stream that completes a record at once must not complete a batch that is half sent. */
  #incomplete = 1;

  /** `completed` is called once, when every record is completed; at the earliest while `send` runs. */
  constructor(batch: RecordBatch, completed: () => void) {
    this.batch = batch;
    this.#completed = completed;
    let records = 0;
    let bytes = 0;
    for (const part of batch.parts) {
      records += part.records.length;
      for (const { payload, topic, clientId, user = '', properties } of part.records) {
        bytes += payload.length + topic.length + clientId.length + user.length;
        if (properties !== undefined) bytes += maxPropertiesBytes(properties);
      }
    }
    this.records = records;
    this.bytes = bytes;
  }

  get isCompleted(): boolean {
    return this.#incomplete === 0;
  }

  get hasRejected(): boolean {
    return this.#rejected.length > 0;
  }

  get oldestNs(): bigint | undefined {
    return this.batch.parts.find((part) => part.records.length > 0)?.records[0]?.receivedAtNs;
  }

  send(outgoing: OutgoingStream): void {
    this.#incomplete += this.records;
    for (const [part, { records }] of this.batch.parts.entries()) {
      for (let at = 0; at < records.length; at += 1) {
        outgoing.send(records[at]!, (rejection) => {
          if (rejection !== undefined) this.#rejected.push({ part, at, rejection });
          this.#completeOne();
        });
      }
    }
    this.#completeOne();
  }

  /** The rejected records of each part, in stream order. */
  parked(nowMs: number): readonly (readonly ParkedRecord[])[] {
    return this.batch.parts.map(({ records }, part) =>
      this.#rejected
        .filter((rejected) => rejected.part === part)
        .sort((a, b) => a.at - b.at)
        .map(({ at, rejection }) => parkedRecord(records[at]!, rejection, nowMs)),
    );
  }

  #completeOne(): void {
    this.#incomplete -= 1;
    if (this.#incomplete === 0) this.#completed();
  }
}
