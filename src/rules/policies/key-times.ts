const FIRST_CAPACITY = 1_024;
/** Numbers of an entry: the two halves of the key, and the time. They lie side by side, so that one look fetches all. */
const ENTRY = 3;

/**
 * KeyTimes keeps a time for each of many keys of 64 bits, in a typed array: a map of texts would cost the garbage collector
 * more than all the rest of a mapping. Keys that were added since the last call of `takeAdded` can be taken as text.
 */
export class KeyTimes {
  #capacity = FIRST_CAPACITY;
  #entries = new Int32Array(FIRST_CAPACITY * ENTRY);
  #size = 0;
  #added = new Int32Array(0);
  #addedLength = 0;

  get size(): number {
    return this.#size;
  }

  /** The time of a key, or -1. The halves of a key are signed integers of 32 bits: the engine keeps those without an object. */
  get(high: number, anyLow: number): number {
    const low = lowOf(anyLow);
    const at = this.#find(high, low);
    return this.#entries[at + 1] === low ? (this.#entries[at + 2] as number) : -1;
  }

  /** `time` is a whole number below 2^31. */
  set(high: number, anyLow: number, time: number): void {
    const low = lowOf(anyLow);
    this.#put(high, low, time);
    if (this.#addedLength === this.#added.length) this.#added = grown(this.#added);
    this.#added[this.#addedLength++] = high;
    this.#added[this.#addedLength++] = low;
    this.#added[this.#addedLength++] = time;
  }

  /** What was set since the last call, as text for `restore`; undefined when nothing was. */
  takeAdded(): string | undefined {
    if (this.#addedLength === 0) return undefined;
    const text = Buffer.from(this.#added.buffer, 0, this.#addedLength * 4).toString('base64');
    this.#addedLength = 0;
    return text;
  }

  /** Sets what `takeAdded` gave. A text that is none gives as many entries as it holds. */
  restore(text: string): void {
    const bytes = Buffer.from(text, 'base64');
    for (let at = 0; at + ENTRY * 4 <= bytes.length; at += ENTRY * 4) {
      this.#put(bytes.readInt32LE(at), bytes.readInt32LE(at + 4), bytes.readInt32LE(at + 8));
    }
  }

  #put(high: number, low: number, time: number): void {
    if (this.#size * 2 >= this.#capacity) this.#grow();
    const at = this.#find(high, low);
    if (this.#entries[at + 1] === 0) this.#size += 1;
    this.#entries[at] = high;
    this.#entries[at + 1] = low;
    this.#entries[at + 2] = time;
  }

  /** Where the entry of a key is, or the free one where it would be. */
  #find(high: number, low: number): number {
    const entries = this.#entries;
    const mask = this.#capacity - 1;
    let slot = (low ^ high) & mask;
    for (;;) {
      const at = slot * ENTRY;
      const found = entries[at + 1];
      if (found === 0 || (found === low && entries[at] === high)) return at;
      slot = (slot + 1) & mask;
    }
  }

  #grow(): void {
    const before = this.#entries;
    this.#capacity *= 2;
    this.#entries = new Int32Array(this.#capacity * ENTRY);
    this.#size = 0;
    for (let at = 0; at < before.length; at += ENTRY) {
      const low = before[at + 1] as number;
      if (low !== 0) this.#put(before[at] as number, low, before[at + 2] as number);
    }
  }
}

function grown(added: Int32Array<ArrayBuffer>): Int32Array<ArrayBuffer> {
  const next = new Int32Array(Math.max(FIRST_CAPACITY * ENTRY, added.length * 2));
  next.set(added);
  return next;
}

/** 0 marks a free slot. */
function lowOf(low: number): number {
  return low === 0 ? 1 : low;
}
