/**
 * BoundedCache is a map of at most `maxEntries` that forgets what was not used recently. It has two generations instead
 * of a linked list: when the young one is full it becomes the old one, and the old one is dropped, except for the
 * entries that were used meanwhile. The `maxEntries / 2` entries used last are always kept.
 */
export class BoundedCache<Value> {
  #young = new Map<string, Value>();
  #old = new Map<string, Value>();
  readonly #maxYoung: number;

  constructor(maxEntries: number) {
    this.#maxYoung = Math.max(1, Math.floor(maxEntries / 2));
  }

  get size(): number {
    return this.#young.size + this.#old.size;
  }

  get(key: string): Value | undefined {
    const value = this.#young.get(key);
    if (value !== undefined) return value;
    const aged = this.#old.get(key);
    if (aged === undefined) return undefined;
    this.#old.delete(key);
    this.set(key, aged);
    return aged;
  }

  set(key: string, value: Value): void {
    if (this.#young.size >= this.#maxYoung) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(key, value);
  }
}
