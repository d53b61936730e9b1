/** Runs pieces of work one after the other, in the order they were given. */
export class Turns {
  #tail: Promise<unknown> = Promise.resolve();

  take<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#tail.then(work);
    // A failure belongs to whoever holds `turn`; the others only have to go on.
    this.#tail = turn.catch(() => undefined);
    return turn;
  }

  /** Resolves when all work given so far has ended. */
  async idle(): Promise<void> {
    await this.#tail;
  }
}
