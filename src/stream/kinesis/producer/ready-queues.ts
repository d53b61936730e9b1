import { Fifo } from './dispatch-queues.js';
import type { PartitionQueue } from './partition-queue.js';

/** The quota of PutRecords [AWS docs: service-sizes-and-limits, 2026]. */
export const MAX_REQUEST_ENTRIES = 500;

/**
 * The quota is 5 MiB or 10 MiB, depending on the age of the page. This is below both, with room for what Kinesis may
 * count in addition to data and partition keys. In Base64 it fits kinesalite's body limit of 7 MiB.
 */
export const MAX_REQUEST_BYTES = 4.5 * 1024 * 1024;

/** ReadyQueues holds the queues whose head waits for a request, the oldest first and each once. */
export class ReadyQueues {
  readonly #queues = new Fifo<PartitionQueue>();
  /** Queues that must be sent together and without others: halves of a refused request, parts of a refused aggregate. */
  readonly #separate = new Fifo<readonly PartitionQueue[]>();

  get isEmpty(): boolean {
    return this.#queues.size === 0 && this.#separate.size === 0;
  }

  /** There are enough queues for a full request. */
  get isFull(): boolean {
    return this.#queues.size >= MAX_REQUEST_ENTRIES;
  }

  get hasSeparate(): boolean {
    return this.#separate.size > 0;
  }

  /** Returns when the first queue became ready, in monotonic ms. */
  get oldestSinceMs(): number {
    return this.#queues.peek()?.readySinceMs ?? Number.POSITIVE_INFINITY;
  }

  push(queue: PartitionQueue): void {
    if (queue.isSuspect) this.#separate.push([queue]);
    else this.#queues.push(queue);
  }

  pushSeparate(queues: readonly PartitionQueue[]): void {
    this.#separate.push(queues);
  }

  /** Puts queues that were taken back before all others. */
  unshift(queues: readonly PartitionQueue[]): void {
    this.#queues.unshift(queues.filter((queue) => !queue.isSuspect));
    this.#separate.unshift(queues.filter((queue) => queue.isSuspect).map((queue) => [queue]));
  }

  /** Removes and returns the queues of the next request: at least one, and at most `maxQueues` unless some must be sent together. */
  take(maxQueues: number): readonly PartitionQueue[] {
    const separate = this.#separate.shift();
    if (separate !== undefined) return separate;
    const taken: PartitionQueue[] = [];
    let bytes = 0;
    for (let queue = this.#queues.peek(); queue !== undefined; queue = this.#queues.peek()) {
      bytes += queue.head.sizeBytes + (queue.head.entry.explicitHashKey?.length ?? 0);
      if (taken.length > 0 && (taken.length >= maxQueues || bytes > MAX_REQUEST_BYTES)) break;
      taken.push(queue);
      this.#queues.shift();
    }
    return taken;
  }

  clear(): void {
    while (this.#queues.shift() !== undefined);
    while (this.#separate.shift() !== undefined);
  }
}
