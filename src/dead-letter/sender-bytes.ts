/** The limit for all counts together, in case the records of very many senders are parked. */
const MAX_COUNTS = 50_000;

/** Names from other streams are as long as they like; this much tells them apart, for a quota. A user of the broker fits. */
const MAX_NAME_CHARACTERS = 260;

/**
 * How many bytes of payloads each sender, by its `senderKey`, has in the parked files, counted per file, so that a file that is removed gives
 * its bytes back. The counts are bounded: beyond the limit the smallest are forgotten, which matter least to a quota.
 */
export class SenderBytes {
  readonly #files = new Map<number, Map<string, number>>();
  readonly #sums = new Map<string, number>();
  readonly #maxCounts: number;
  #counts = 0;

  constructor(maxCounts = MAX_COUNTS) {
    this.#maxCounts = maxCounts;
  }

  of(sender: string): number {
    return this.#sums.get(nameOf(sender)) ?? 0;
  }

  /** How many counts are held, for tests of the bound. */
  get counts(): number {
    return this.#counts;
  }

  add(file: number, sender: string, bytes: number): void {
    const name = nameOf(sender);
    let counts = this.#files.get(file);
    if (counts === undefined) {
      counts = new Map();
      this.#files.set(file, counts);
    }
    if (!counts.has(name)) this.#counts += 1;
    counts.set(name, (counts.get(name) ?? 0) + bytes);
    this.#sums.set(name, (this.#sums.get(name) ?? 0) + bytes);
    if (this.#counts > this.#maxCounts) this.#forgetSmallest();
  }

  /** Forgets the files that are no longer there. */
  keepOnly(files: readonly number[]): void {
    const there = new Set(files);
    for (const [file, counts] of this.#files) {
      if (there.has(file)) continue;
      for (const [name, bytes] of counts) this.#subtract(name, bytes);
      this.#counts -= counts.size;
      this.#files.delete(file);
    }
  }

  /** Half of them, so that it is rare. */
  #forgetSmallest(): void {
    const sizes = [...this.#files.values()].flatMap((counts) => [...counts.values()]).sort((a, b) => a - b);
    let left = Math.ceil(sizes.length / 2);
    const limit = sizes[left - 1] ?? 0;
    for (const counts of this.#files.values()) {
      for (const [name, bytes] of counts) {
        if (bytes > limit || left === 0) continue;
        left -= 1;
        counts.delete(name);
        this.#counts -= 1;
        this.#subtract(name, bytes);
      }
    }
  }

  #subtract(name: string, bytes: number): void {
    const rest = (this.#sums.get(name) ?? 0) - bytes;
    if (rest > 0) this.#sums.set(name, rest);
    else this.#sums.delete(name);
  }
}

function nameOf(sender: string): string {
  return sender.slice(0, MAX_NAME_CHARACTERS);
}
