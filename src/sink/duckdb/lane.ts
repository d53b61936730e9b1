/** Runs pieces of work one after the other, in the order they were given. */
export class Lane {
  #tail: Promise<unknown> = Promise.resolve();

  run<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#tail.then(work);
    // A failure belongs to whoever holds `turn`; the lane only has to go on.
    this.#tail = turn.catch(() => undefined);
    return turn;
  }

  /** Resolves when all work given so far has ended. */
  async idle(): Promise<void> {
    await this.#tail;
  }
}
