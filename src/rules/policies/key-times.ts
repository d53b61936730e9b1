/** A number of 64 bits in two halves, each a signed integer of 32 bits: the engine keeps those without an object. */
export interface Key64 {
  readonly high: number;
  readonly low: number;
}

const FIRST_CAPACITY = 1_024;
/** Numbers of one entry in `added`: the two halves of the key, and the time. */
const NUMBERS_OF_ENTRY = 3;

/**
 * KeyTimes keeps a time for each of many keys of 64 bits, in typed arrays: a map of texts would cost the garbage collector
 * more than all the rest of a mapping. Keys that were added since the last call of `takeAdded` can be taken as text.
 */
export class KeyTimes {
  #capacity = FIRST_CAPACITY;
  #high = new Int32Array(FIRST_CAPACITY);
  #low = new Int32Array(FIRST_CAPACITY);
  #times = new Int32Array(FIRST_CAPACITY);
  #size = 0;
  #added: number[] = [];

  get size(): number {
    return this.#size;
  }

  /** The time of a key, or -1. */
  get(key: Key64): number {
    const slot = this.#slot(key.high, lowOf(key));
    return this.#isFree(slot) ? -1 : (this.#times[slot] as number);
  }

  /** `time` is a whole number below 2^31. */
  set(key: Key64, time: number): void {
    const low = lowOf(key);
    this.#put(key.high, low, time);
    this.#added.push(key.high, low, time);
  }

  /** What was set since the last call, as text for `restore`; undefined when nothing was. */
  takeAdded(): string | undefined {
    if (this.#added.length === 0) return undefined;
    const text = Buffer.from(Int32Array.from(this.#added).buffer).toString('base64');
    this.#added = [];
    return text;
  }

  /** Sets what `takeAdded` gave. A text that is none gives as many entries as it holds. */
  restore(text: string): void {
    const bytes = Buffer.from(text, 'base64');
    for (let at = 0; at + NUMBERS_OF_ENTRY * 4 <= bytes.length; at += NUMBERS_OF_ENTRY * 4) {
      this.#put(bytes.readInt32LE(at), bytes.readInt32LE(at + 4), bytes.readInt32LE(at + 8));
    }
  }

  #put(high: number, low: number, time: number): void {
    if (this.#size * 2 >= this.#capacity) this.#grow();
    const slot = this.#slot(high, low);
    if (this.#isFree(slot)) this.#size += 1;
    this.#high[slot] = high;
    this.#low[slot] = low;
    this.#times[slot] = time;
  }

  /** The slot of a key, or the free one where it would be. */
  #slot(high: number, low: number): number {
    const mask = this.#capacity - 1;
    let slot = (low ^ high) & mask;
    while (!this.#isFree(slot) && (this.#high[slot] !== high || this.#low[slot] !== low))
      slot = (slot + 1) & mask;
    return slot;
  }

  #isFree(slot: number): boolean {
    return this.#low[slot] === 0;
  }

  #grow(): void {
    const [high, low, times] = [this.#high, this.#low, this.#times];
    this.#capacity *= 2;
    this.#high = new Int32Array(this.#capacity);
    this.#low = new Int32Array(this.#capacity);
    this.#times = new Int32Array(this.#capacity);
    this.#size = 0;
    for (let slot = 0; slot < low.length; slot++) {
      if (low[slot] !== 0) this.#put(high[slot] as number, low[slot] as number, times[slot] as number);
    }
  }
}

/** 0 marks a free slot. */
function lowOf({ low }: Key64): number {
  return low === 0 ? 1 : low;
}
