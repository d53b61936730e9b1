/** Lets some shared tasks run at once, and an exclusive one only while no other runs. */
export class SharedAccess {
  readonly #maxShared: number;
  #running = 0;
  #exclusive: Promise<unknown> | undefined;
  #onIdle: () => void = () => undefined;
  /** What waits until a shared task has ended, in order. */
  readonly #waiting: (() => void)[] = [];

  /** @param maxShared how many shared tasks run at once; others wait */
  constructor(maxShared = Number.POSITIVE_INFINITY) {
    this.#maxShared = maxShared;
  }

  /** Waits for an exclusive task that runs, or that waits already. */
  async shared<T>(task: () => Promise<T>): Promise<T> {
    while (this.#exclusive !== undefined || this.#running >= this.#maxShared) {
      await (this.#exclusive ?? new Promise<void>((resolve) => this.#waiting.push(resolve)));
    }
    this.#running++;
    try {
      return await task();
    } finally {
      this.#running--;
      this.#waiting.shift()?.();
      if (this.#running === 0) this.#onIdle();
    }
  }

  /** Waits for all tasks that run; shared ones that come later wait. The caller never overlaps calls. */
  async exclusive<T>(task: () => Promise<T>): Promise<T> {
    const result = this.#idle().then(task);
    const ended = result.catch(() => undefined); // the caller gets the failure
    this.#exclusive = ended;
    void ended.then(() => {
      this.#exclusive = undefined;
    });
    return result;
  }

  #idle(): Promise<void> {
    if (this.#running === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#onIdle = resolve;
    });
  }
}
