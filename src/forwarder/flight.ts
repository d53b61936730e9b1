import { type ParkedRecord, parkedRecord } from '../dead-letter/parked-record.js';
import type { OutletRefusal, RecordBatch, RecordOutlet } from '../stream/stream.js';

interface RefusedRecord {
  readonly part: number;
  readonly at: number;
  readonly refusal: OutletRefusal;
}

/** A batch under way: sent, and not yet settled to its last record. */
export class Flight {
  readonly batch: RecordBatch;
  readonly records: number;
  readonly bytes: number;
  readonly #refused: RefusedRecord[] = [];
  readonly #landed: () => void;
  /** One more than there are while sending: an outlet that settles at once must not land a batch half sent. */
  #unsettled = 1;

  /** `landed` is called once, when each record is settled; at the earliest while `send` runs. */
  constructor(batch: RecordBatch, landed: () => void) {
    this.batch = batch;
    this.#landed = landed;
    let records = 0;
    let bytes = 0;
    for (const part of batch.parts) {
      records += part.records.length;
      for (const { payload, topic, clientId } of part.records) {
        bytes += payload.length + topic.length + clientId.length;
      }
    }
    this.records = records;
    this.bytes = bytes;
  }

  get hasLanded(): boolean {
    return this.#unsettled === 0;
  }

  get oldestNs(): bigint | undefined {
    return this.batch.parts.find((part) => part.records.length > 0)?.records[0]?.receivedAtNs;
  }

  send(outlet: RecordOutlet): void {
    this.#unsettled += this.records;
    for (const [part, { records }] of this.batch.parts.entries()) {
      for (let at = 0; at < records.length; at += 1) {
        outlet.send(records[at]!, (refusal) => {
          if (refusal !== undefined) this.#refused.push({ part, at, refusal });
          this.#settledOne();
        });
      }
    }
    this.#settledOne();
  }

  /** The refused records of each part, in stream order. */
  parked(nowMs: number): readonly (readonly ParkedRecord[])[] {
    return this.batch.parts.map(({ records }, part) =>
      this.#refused
        .filter((refused) => refused.part === part)
        .sort((a, b) => a.at - b.at)
        .map(({ at, refusal }) => parkedRecord(records[at]!, refusal, nowMs)),
    );
  }

  get hasRefused(): boolean {
    return this.#refused.length > 0;
  }

  #settledOne(): void {
    this.#unsettled -= 1;
    if (this.#unsettled === 0) this.#landed();
  }
}
