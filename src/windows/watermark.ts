import type { Clock } from '../lib/clock.js';
import { floorToMs } from './window-spans.js';

/** How far the receive times of completed records have come: windows close by it, and not by the times of points. */
export interface Watermark {
  /** The records of a partition are completed up to one with this receive time, ns. */
  processed(partition: string, receivedNs: bigint): void;
  /** ms since 1970; -Infinity before anything is known. */
  readonly ms: number;
}

/** A record that the broker has received may be so long on its way to the consumer. */
const ON_THE_WAY_MS = 1_000;
/** A receive time that is so much earlier than the last one began a new epoch: the clock was set back. */
const NEW_EPOCH_MS = 60_000;

/**
 * The receive time in the log, the same at every replay. While nothing waits it is the clock, also where the last records
 * were of an epoch that was ahead of it.
 */
export class LogWatermark implements Watermark {
  readonly #isIdle: () => boolean;
  readonly #clock: Clock;
  #receivedMs = Number.NEGATIVE_INFINITY;

  /** `isIdle`: whether all records that the consumer was given are completed. */
  constructor(isIdle: () => boolean, clock: Clock) {
    this.#isIdle = isIdle;
    this.#clock = clock;
  }

  processed(_partition: string, receivedNs: bigint): void {
    this.#receivedMs = floorToMs(receivedNs);
  }

  get ms(): number {
    const receivedMs = this.#receivedMs;
    if (!this.#isIdle()) return receivedMs;
    const nowMs = floorToMs(this.#clock.nowNs()) - ON_THE_WAY_MS;
    return receivedMs > nowMs + NEW_EPOCH_MS ? nowMs : Math.max(receivedMs, nowMs);
  }
}

/** A record may be so long on its way from a gateway through a shard that is read to its end. */
const THROUGH_A_SHARD_MS = 5_000;

/**
 * The least of all shards: the one that is read slowest decides. A shard that is read to its end counts as now, so that one
 * without records keeps no window open (Flink had that fault: FLINK-18523).
 */
export class ShardsWatermark implements Watermark {
  readonly #shards: () => ReadonlyMap<string, boolean>;
  readonly #clock: Clock;
  readonly #receivedMs = new Map<string, number>();

  /** `shards`: partition → whether it is read to its end. */
  constructor(shards: () => ReadonlyMap<string, boolean>, clock: Clock) {
    this.#shards = shards;
    this.#clock = clock;
  }

  processed(partition: string, receivedNs: bigint): void {
    this.#receivedMs.set(partition, floorToMs(receivedNs));
  }

  get ms(): number {
    const nowMs = floorToMs(this.#clock.nowNs());
    const shards = this.#shards();
    for (const partition of this.#receivedMs.keys()) {
      if (!shards.has(partition)) this.#receivedMs.delete(partition);
    }
    let least = shards.size === 0 ? Number.NEGATIVE_INFINITY : nowMs;
    for (const [partition, isAtEnd] of shards) least = Math.min(least, this.#msOf(partition, isAtEnd, nowMs));
    return least;
  }

  /** Of one shard; -Infinity before anything is known of it. Not ahead of the clock, where the one of a gateway is. */
  msOf(partition: string): number {
    const nowMs = floorToMs(this.#clock.nowNs());
    return Math.min(nowMs, this.#msOf(partition, this.#shards().get(partition) === true, nowMs));
  }

  #msOf(partition: string, isAtEnd: boolean, nowMs: number): number {
    const receivedMs = this.#receivedMs.get(partition) ?? Number.NEGATIVE_INFINITY;
    return isAtEnd ? Math.max(receivedMs, nowMs - THROUGH_A_SHARD_MS) : receivedMs;
  }
}
