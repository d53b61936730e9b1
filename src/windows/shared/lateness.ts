import type { SharedTable } from './shared-table.js';

/** Partition → the greatest watermark that may be saved for it, -Infinity where none is. */
export type HeldShards = () => ReadonlyMap<string, number>;

/**
 * Knows which windows cannot have been computed as closed ones. The computing consumer closes no window before every shard's
 * saved watermark has passed it, and only the consumer that holds a shard saves that. So what closes behind the saved
 * watermark of one shard that this consumer holds is open for all. A shard counts only behind what had been closed
 * when it was taken: it may be new, and the computing consumer may not have known it then.
 */
export class Lateness {
  readonly #held: HeldShards;
  readonly #table: SharedTable;
  readonly #closedBeforeMs = new Map<string, number>();

  constructor(held: HeldShards, table: SharedTable) {
    this.#held = held;
    this.#table = table;
  }

  /** Reads what was closed when shards were taken, where that is not known yet. Rejects as the table does. */
  async learn(): Promise<void> {
    const held = this.#held();
    for (const partition of this.#closedBeforeMs.keys()) {
      if (!held.has(partition)) this.#closedBeforeMs.delete(partition);
    }
    const unknown = [...held.keys()].filter((partition) => !this.#closedBeforeMs.has(partition));
    if (unknown.length === 0) return;
    const { closedToMs = Number.NEGATIVE_INFINITY } = (await this.#table.computer()) ?? {};
    for (const partition of unknown) this.#closedBeforeMs.set(partition, closedToMs);
  }

  /** A window that closes at this time or earlier may have been computed; Infinity: any may. */
  get ms(): number {
    let leastMs = Number.POSITIVE_INFINITY;
    for (const [partition, savedMs] of this.#held()) {
      const closedMs = this.#closedBeforeMs.get(partition);
      if (closedMs !== undefined) leastMs = Math.min(leastMs, Math.max(closedMs, savedMs));
    }
    return leastMs;
  }
}
