import { type OwedMessage, owedBytes } from './owed-message.js';

/** Taken entries at the front are cut off when there are so many of them, and they are half of the array. */
const MIN_CUT = 64;

/** The messages that wait to be sent to one client, oldest first. */
export class OwedQueue {
  #entries: (OwedMessage | undefined)[] = [];
  #first = 0;
  #bytes = 0;

  get length(): number {
    return this.#entries.length - this.#first;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get oldest(): OwedMessage | undefined {
    return this.#entries[this.#first];
  }

  push(owed: OwedMessage): void {
    this.#entries.push(owed);
    this.#bytes += owedBytes(owed.message);
  }

  /** Removes the oldest, and returns it. */
  take(): OwedMessage | undefined {
    const owed = this.#entries[this.#first];
    if (owed === undefined) return undefined;
    this.#bytes -= owedBytes(owed.message);
    this.#entries[this.#first] = undefined;
    this.#first += 1;
    if (this.#first >= MIN_CUT && this.#first * 2 >= this.#entries.length) {
      this.#entries = this.#entries.slice(this.#first);
      this.#first = 0;
    } else if (this.#first === this.#entries.length) {
      this.#entries.length = 0;
      this.#first = 0;
    }
    return owed;
  }

  toArray(): OwedMessage[] {
    return this.#entries.slice(this.#first) as OwedMessage[];
  }
}
