/** SerialQueue runs tasks one after the other, in the order they were added. */
export class SerialQueue {
  #tail: Promise<unknown> = Promise.resolve();

  run<T>(task: () => Promise<T>): Promise<T> {
    const result = this.#tail.then(task);
    // The caller gets the failure; the next task runs all the same.
    this.#tail = result.catch(() => undefined);
    return result;
  }

  /** Resolves when all tasks added so far have ended. */
  async idle(): Promise<void> {
    await this.#tail;
  }
}
