interface Due<T> {
  readonly atMs: number;
  readonly subject: T;
}

/** Subjects by the time at which each wants to be looked at: a binary heap, so that one timer does for all. */
export class DueQueue<T> {
  readonly #heap: Due<T>[] = [];

  /** When the next one is due; undefined when there is none. */
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

  /** The next subject that is due at `nowMs`. */
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
