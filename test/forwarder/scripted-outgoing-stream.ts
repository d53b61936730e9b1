import type {
  ComponentStatus,
  OutgoingStream,
  StreamRecord,
  StreamRejection,
} from '../../src/stream/stream.js';

export const REJECTED: StreamRejection = { code: 'stream-refused', reason: 'by the script' };

export interface Sent {
  readonly record: StreamRecord;
  readonly completed: (rejection?: StreamRejection) => void;
}

/** An outgoing stream of which the test decides when each record is completed, and how. */
export class ScriptedOutgoingStream implements OutgoingStream {
  /** Records sent and not completed, in the order of the calls. */
  readonly waiting: Sent[] = [];
  readonly sent: StreamRecord[] = [];
  flushes = 0;

  send(record: StreamRecord, completed: (rejection?: StreamRejection) => void): void {
    this.sent.push(record);
    this.waiting.push({ record, completed });
  }

  /** Completes the waiting record at this index, rejected if a rejection is given. */
  complete(at: number, rejection?: StreamRejection): void {
    const [sent] = this.waiting.splice(at, 1);
    sent!.completed(rejection);
  }

  completeAll(rejectionOf: (record: StreamRecord) => StreamRejection | undefined = () => undefined): void {
    while (this.waiting.length > 0) this.complete(0, rejectionOf(this.waiting[0]!.record));
  }

  flush(): void {
    this.flushes += 1;
  }

  status(): ComponentStatus {
    return { state: 'healthy', detail: '' };
  }

  async close(): Promise<void> {
    this.waiting.length = 0;
  }
}
