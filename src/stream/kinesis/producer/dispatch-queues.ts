interface Due<T> {
  readonly atMs: number;
  readonly subject: T;
}

/** DueQueue orders subjects by the time at which each is due: a binary heap, so that one timer is enough for all. */
export class DueQueue<T> {
  readonly #heap: Due<T>[] = [];

  /** Returns when the next subject is due; undefined when there is none. */
  get nextAtMs(): number | undefined {
    return this.#heap[0]?.atMs;
  }

  push(atMs: number, subject: T): void {
    const heap = this.#heap;
    let at = heap.length;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (heap[parent]!.atMs <= atMs) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = { atMs, subject };
  }

  /** Removes and returns the next subject that is due at `nowMs`. */
  takeDue(nowMs: number): T | undefined {
    const first = this.#heap[0];
    if (first === undefined || first.atMs > nowMs) return undefined;
    const last = this.#heap.pop()!;
    if (this.#heap.length > 0) this.#sink(last);
    return first.subject;
  }

  clear(): void {
    this.#heap.length = 0;
  }

  #sink(due: Due<T>): void {
    const heap = this.#heap;
    let at = 0;
    for (;;) {
      let child = at * 2 + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && heap[child + 1]!.atMs < heap[child]!.atMs) child += 1;
      if (heap[child]!.atMs >= due.atMs) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = due;
  }
}

/** Fifo is a first-in first-out queue that does not move its remaining entries at each `shift`. */
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
    // Entries move in large steps only: what was taken is released after at most as many more.
    if (this.#at === this.#entries.length || (this.#at > 64 && this.#at * 2 > this.#entries.length)) {
      this.#entries = this.#entries.slice(this.#at);
      this.#at = 0;
    }
    return first;
  }

  /** Puts `entries` before all others, in their order. */
  unshift(entries: readonly T[]): void {
    this.#entries = [...entries, ...this.#entries.slice(this.#at)];
    this.#at = 0;
  }

  *[Symbol.iterator](): Generator<T> {
    for (let i = this.#at; i < this.#entries.length; i += 1) yield this.#entries[i]!;
  }
}
