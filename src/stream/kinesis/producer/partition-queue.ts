import type { OutgoingRecord, Packing, UserRecord } from './packing.js';

/** `gathering`: there is no Kinesis record to send yet; `ready`: one waits for a request; then it is in flight, or waits to be sent again. */
type QueueState = 'gathering' | 'ready' | 'in-flight' | 'backing-off';

/**
 * PartitionQueue holds the user records whose order counts: those of one bucket, or, without aggregation, of one
 * partition key. Invariant: its Kinesis records are stored one after the other; the next is not sent before Kinesis has
 * stored the head or refused it.
 */
export class PartitionQueue {
  readonly key: string | number;
  readonly #packing: Packing;
  #state: QueueState = 'gathering';
  #head: OutgoingRecord | undefined;
  /** The remaining parts of a refused aggregate, the next one last. They are sent before everything in #packing. */
  readonly #parts: (readonly UserRecord[])[] = [];
  #isSuspect = false;
  #failures = 0;
  /** When this queue is due next: the only one of its entries in the due queue that counts. */
  wakeAtMs: number | undefined;
  readySinceMs = 0;

  constructor(key: string | number, packing: Packing) {
    this.key = key;
    this.#packing = packing;
  }

  get state(): QueueState {
    return this.#state;
  }

  /** The Kinesis record that is sent next, or is in flight. Not to be called while gathering. */
  get head(): OutgoingRecord {
    return this.#head!;
  }

  /** True when the head is part of a refused aggregate: it is sent alone, so that no other record is refused with it. */
  get isSuspect(): boolean {
    return this.#isSuspect;
  }

  /** How often the head has failed. */
  get failures(): number {
    return this.#failures;
  }

  get oldest(): UserRecord | undefined {
    return this.#head?.userRecords[0] ?? this.#packing.oldest;
  }

  add(userRecord: UserRecord): void {
    this.#packing.add(userRecord);
  }

  makeDue(): void {
    this.#packing.makeDue();
  }

  /** Called while gathering. If a Kinesis record is due, makes it the head and the queue ready; else returns when one will be due. */
  takeDue(nowMs: number): number | undefined {
    const { dueMs } = this.#packing;
    if (dueMs === undefined || dueMs > nowMs) return dueMs;
    this.#head = this.#packing.take();
    if (this.#head === undefined) return undefined;
    this.makeReady(nowMs);
    return undefined;
  }

  makeReady(nowMs: number): void {
    this.#state = 'ready';
    this.readySinceMs = nowMs;
  }

  markSent(): void {
    this.#state = 'in-flight';
  }

  /** The head has failed and will be sent again. */
  backOff(): void {
    this.#state = 'backing-off';
    this.#failures += 1;
  }

  /** The outcome of the head is known. The next part of a refused aggregate, if there is one, is ready at once. */
  finishHead(nowMs: number): void {
    this.#failures = 0;
    this.#head = undefined;
    const part = this.#parts.pop();
    this.#isSuspect = part !== undefined;
    if (part === undefined) {
      this.#state = 'gathering';
      return;
    }
    this.#head = this.#packing.pack(part);
    this.makeReady(nowMs);
  }

  /** Kinesis refused the head, which holds several user records: after `finishHead` its halves follow, one after the other. */
  halveHead(): void {
    const { userRecords } = this.head;
    const middle = Math.ceil(userRecords.length / 2);
    this.#parts.push(userRecords.slice(middle), userRecords.slice(0, middle));
  }
}
