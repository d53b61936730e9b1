import type { OutletRefusal, OutletStatus, RecordOutlet, StreamRecord } from '../../src/stream/stream.js';

export const REFUSED: OutletRefusal = { code: 'stream-refused', reason: 'by the script' };

export interface Sent {
  readonly record: StreamRecord;
  readonly settled: (refusal?: OutletRefusal) => void;
}

/** An outlet of which the test decides when each record is settled, and how. */
export class ScriptedOutlet implements RecordOutlet {
  /** Sent and not settled, in the order of the calls. */
  readonly waiting: Sent[] = [];
  readonly sent: StreamRecord[] = [];
  flushes = 0;

  send(record: StreamRecord, settled: (refusal?: OutletRefusal) => void): void {
    this.sent.push(record);
    this.waiting.push({ record, settled });
  }

  /** Settles the waiting record at this place; refused if so is said. */
  settle(at: number, refusal?: OutletRefusal): void {
    const [sent] = this.waiting.splice(at, 1);
    sent!.settled(refusal);
  }

  settleAll(refusalOf: (record: StreamRecord) => OutletRefusal | undefined = () => undefined): void {
    while (this.waiting.length > 0) this.settle(0, refusalOf(this.waiting[0]!.record));
  }

  flush(): void {
    this.flushes += 1;
  }

  status(): OutletStatus {
    return { state: 'healthy', detail: '' };
  }

  async close(): Promise<void> {
    this.waiting.length = 0;
  }
}
