/** First in, first out, without moving what is left at each `shift`. */
export class Fifo<T> {
  #entries: T[] = [];
  #at = 0;

  get size(): number {
    return this.#entries.length - this.#at;
  }

  push(entry: T): void {
    this.#entries.push(entry);
  }

  peek(): T | undefined {
    return this.#entries[this.#at];
  }

  shift(): T | undefined {
    if (this.size === 0) return undefined;
    const first = this.#entries[this.#at];
    this.#at += 1;
    // Moved in large steps only: what is taken is let go after at most as many again.
    if (this.#at === this.#entries.length || (this.#at > 64 && this.#at * 2 > this.#entries.length)) {
      this.#entries = this.#entries.slice(this.#at);
      this.#at = 0;
    }
    return first;
  }

  /** Puts `entries` before all others, in their order. */
  putBack(entries: readonly T[]): void {
    this.#entries = [...entries, ...this.#entries.slice(this.#at)];
    this.#at = 0;
  }

  *[Symbol.iterator](): Generator<T> {
    for (let i = this.#at; i < this.#entries.length; i += 1) yield this.#entries[i]!;
  }
}
