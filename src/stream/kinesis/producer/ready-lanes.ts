import { Fifo } from './fifo.js';
import type { Lane } from './lane.js';

/** Quota of PutRecords [AWS docs: service-sizes-and-limits, 2026]. */
export const MAX_REQUEST_ENTRIES = 500;

/**
 * The quota is 5 MiB or 10 MiB, by the age of the page; below both, with room for what Kinesis may count beside data
 * and partition keys. Base64 of it fits kinesalite's body limit of 7 MiB.
 */
export const MAX_REQUEST_BYTES = 4.5 * 1024 * 1024;

/** Lanes whose head waits for a request, oldest first, each once. */
export class ReadyLanes {
  readonly #lanes = new Fifo<Lane>();
  /** Lanes that must go together and without others: halves of a refused request, parts of a refused aggregate. */
  readonly #apart = new Fifo<readonly Lane[]>();

  get isEmpty(): boolean {
    return this.#lanes.size === 0 && this.#apart.size === 0;
  }

  /** A request would be full. */
  get isFull(): boolean {
    return this.#lanes.size >= MAX_REQUEST_ENTRIES;
  }

  get hasApart(): boolean {
    return this.#apart.size > 0;
  }

  /** Since when the first lane has been waiting, monotonic ms. */
  get oldestSinceMs(): number {
    return this.#lanes.peek()?.readySinceMs ?? Number.POSITIVE_INFINITY;
  }

  push(lane: Lane): void {
    if (lane.isSuspect) this.#apart.push([lane]);
    else this.#lanes.push(lane);
  }

  pushApart(lanes: readonly Lane[]): void {
    this.#apart.push(lanes);
  }

  /** They were to go before all others. */
  putBack(lanes: readonly Lane[]): void {
    this.#lanes.putBack(lanes.filter((lane) => !lane.isSuspect));
    this.#apart.putBack(lanes.filter((lane) => lane.isSuspect).map((lane) => [lane]));
  }

  /** The lanes of the next request; at least one, and at most `maxLanes` unless some must go together. */
  take(maxLanes: number): readonly Lane[] {
    const apart = this.#apart.shift();
    if (apart !== undefined) return apart;
    const taken: Lane[] = [];
    let bytes = 0;
    for (let lane = this.#lanes.peek(); lane !== undefined; lane = this.#lanes.peek()) {
      bytes += lane.head.sizeBytes + (lane.head.entry.explicitHashKey?.length ?? 0);
      if (taken.length > 0 && (taken.length >= maxLanes || bytes > MAX_REQUEST_BYTES)) break;
      taken.push(lane);
      this.#lanes.shift();
    }
    return taken;
  }

  clear(): void {
    while (this.#lanes.shift() !== undefined);
    while (this.#apart.shift() !== undefined);
  }
}
