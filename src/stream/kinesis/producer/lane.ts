import type { Packing } from './packing.js';
import type { OutgoingRecord, UserRecord } from './user-record.js';

/** `gathering`: no Kinesis record to send yet; `ready`: one waits for a request; then it is under way or waits to go again. */
type LaneState = 'gathering' | 'ready' | 'under-way' | 'backing-off';

/**
 * A sequence of user records whose order counts: a bucket, or a partition key without aggregation. Invariant: its
 * Kinesis records are stored one after the other; the next is not sent before Kinesis has taken the head or refused it.
 */
export class Lane {
  readonly key: string | number;
  readonly #packing: Packing;
  #state: LaneState = 'gathering';
  #head: OutgoingRecord | undefined;
  /** What is left of a refused aggregate, the next part last. Goes before everything in #packing. */
  readonly #parts: (readonly UserRecord[])[] = [];
  #isSuspect = false;
  #failures = 0;
  /** When this lane is to be looked at again; what the due queue knows of it. */
  wakeAtMs: number | undefined;
  readySinceMs = 0;

  constructor(key: string | number, packing: Packing) {
    this.key = key;
    this.#packing = packing;
  }

  get state(): LaneState {
    return this.#state;
  }

  /** The Kinesis record that goes next, or is under way. Only while not gathering. */
  get head(): OutgoingRecord {
    return this.#head!;
  }

  /** Part of a refused aggregate: it goes alone, not to have others refused with it. */
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

  hurry(): void {
    this.#packing.hurry();
  }

  /** While gathering: takes the next Kinesis record as head if one is due, and is ready then. Else returns when one will be. */
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

  setOut(): void {
    this.#state = 'under-way';
  }

  /** The head has failed and goes again. */
  backOff(): void {
    this.#state = 'backing-off';
    this.#failures += 1;
  }

  /** The head's fate is decided: what is left of a refused aggregate is next, at once. */
  leaveHead(nowMs: number): void {
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

  /** Kinesis refused the head, which holds several user records: with `leaveHead` its halves follow, one after the other. */
  halveHead(): void {
    const { userRecords } = this.head;
    const middle = Math.ceil(userRecords.length / 2);
    this.#parts.push(userRecords.slice(middle), userRecords.slice(0, middle));
  }
}
