import type { Clock } from '../../../clock.js';
import { LimitedWarning } from '../../../limited-warning.js';
import type { Schedule } from '../../../timers.js';
import type { Warn } from '../../../warnings.js';
import type { OutletStatus, ReadLimits, RecordBatch, StreamReader } from '../../stream.js';
import type { ShardOwner, Tenure, TenureListener } from '../shard-owner.js';
import { shardPositionText } from '../shard-position.js';
import { BatchFilling } from './batch-filling.js';
import { FetchRoom } from './fetch-room.js';
import { type KinesisReaderCounters, noTotals, type ShardReading } from './reader-counters.js';
import type { RecordSource } from './record-source.js';
import { ShardFeed } from './shard-feed.js';
import { type HealthPorts, ShardHealth } from './shard-health.js';
import { WakeUp } from './wake-up.js';
import { worstStatus } from './worst-status.js';

export interface KinesisReaderOptions {
  readonly streamName: string;
  /** Bounds what is fetched and not handed out, with room kept for the answers of calls under way. */
  readonly bufferBytes: number;
  readonly maxConcurrentFetches: number;
}

export interface KinesisReaderDeps {
  readonly source: RecordSource;
  readonly owner: ShardOwner;
  readonly clock: Clock;
  readonly timers: Schedule;
  readonly warn: Warn;
}

interface Reading {
  readonly feed: ShardFeed;
  readonly health: ShardHealth;
  readonly stopping: AbortController;
}

/**
 * Reads the shards its owner gives it as one stream. Invariants:
 * 1. Of one shard every user record is handed out once and in order, from where its tenure begins.
 * 2. A position covers exactly what has been handed out before it: the owner is told first, and asked then.
 * 3. A tenure that ended hands out nothing more; what was fetched of it is dropped.
 * 4. What is fetched and not handed out stays within `bufferBytes` (see FetchRoom).
 * 5. Whatever Kinesis answers, reading goes on: failures are waited out, counted and said.
 */
export class KinesisReader implements StreamReader, TenureListener {
  readonly #options: KinesisReaderOptions;
  readonly #deps: KinesisReaderDeps;
  readonly #room: FetchRoom;
  readonly #totals = noTotals();
  readonly #healthPorts: HealthPorts;
  readonly #wakeUp: WakeUp;
  /** By partition; in the order of their turns. */
  readonly #readings = new Map<string, Reading>();
  #isFetching = true;
  #failure: { readonly thrown: unknown } | undefined;

  private constructor(options: KinesisReaderOptions, deps: KinesisReaderDeps) {
    this.#options = options;
    this.#deps = deps;
    this.#room = new FetchRoom(options.bufferBytes, options.maxConcurrentFetches);
    this.#wakeUp = new WakeUp(deps.timers);
    this.#healthPorts = {
      totals: this.#totals,
      clock: deps.clock,
      warn: deps.warn,
      limitedWarning: new LimitedWarning(deps.warn, deps.clock),
    };
  }

  /** Opens the owner, and closes it again with itself. Rejects with what makes the stream unusable now. */
  static async open(options: KinesisReaderOptions, deps: KinesisReaderDeps): Promise<KinesisReader> {
    const reader = new KinesisReader(options, deps);
    try {
      await deps.owner.open(reader);
    } catch (thrown) {
      await reader.close();
      throw thrown;
    }
    return reader;
  }

  begin(tenure: Tenure): void {
    const reading: Reading = {
      feed: new ShardFeed(tenure, this.#options.streamName, this.#room, this.#totals),
      health: new ShardHealth(tenure.shardId, this.#healthPorts),
      stopping: new AbortController(),
    };
    this.#readings.set(tenure.partition, reading);
    this.#fetchAll(reading).catch((thrown) => {
      this.#failure ??= { thrown };
      this.#wakeUp.wake();
    });
  }

  end(partition: string): void {
    const reading = this.#readings.get(partition);
    if (reading === undefined) return;
    this.#readings.delete(partition);
    reading.stopping.abort();
    reading.feed.clear();
    this.#wakeUp.wake();
  }

  /** Also without records, when only the position has moved: at the end of a shard, or over empty aggregates. */
  async next(limits: ReadLimits, signal: AbortSignal): Promise<RecordBatch | undefined> {
    let untilMs: number | undefined;
    while (!signal.aborted) {
      if (this.#failure !== undefined) throw this.#failure.thrown;
      const look = this.#lookAhead(limits);
      if (look === 'nothing') {
        if (limits.whenEmpty === 'return') return undefined;
        untilMs = undefined;
        await this.#wakeUp.wait(signal);
        continue;
      }
      const nowMs = this.#deps.clock.monotonicMs();
      untilMs ??= nowMs + limits.lingerMs;
      if (look === 'full' || nowMs >= untilMs) return this.#take(limits);
      await this.#wakeUp.wait(signal, untilMs - nowMs);
    }
    return undefined;
  }

  /** Before a stop: what has been fetched is still handed out, and nothing more is fetched, however much the stream holds. */
  stopFetching(): void {
    this.#isFetching = false;
  }

  async close(): Promise<void> {
    for (const partition of [...this.#readings.keys()]) this.end(partition);
    await this.#deps.owner.close();
  }

  status(): OutletStatus {
    return worstStatus([...this.#readings.values()].map(({ health }) => health.status()));
  }

  counters(): KinesisReaderCounters {
    let millisBehindLatest = 0;
    let lastGoodPollAtMs: number | undefined;
    for (const { health } of this.#readings.values()) {
      millisBehindLatest = Math.max(millisBehindLatest, health.millisBehindLatest);
      lastGoodPollAtMs = Math.min(lastGoodPollAtMs ?? health.lastGoodAtMs, health.lastGoodAtMs);
    }
    return {
      ...this.#totals,
      millisBehindLatest,
      ...(lastGoodPollAtMs === undefined ? {} : { lastGoodPollAtMs }),
      shardsReading: this.#readings.size,
      bufferedBytes: this.#room.heldBytes,
    };
  }

  shards(): ShardReading[] {
    return [...this.#readings.values()].map(({ feed, health }) => ({
      shardId: feed.tenure.shardId,
      at: shardPositionText(feed.progress.at),
      records: feed.progress.records,
      millisBehindLatest: health.millisBehindLatest,
    }));
  }

  async #fetchAll({ feed, health, stopping: { signal } }: Reading): Promise<void> {
    const { shardId, from } = feed.tenure;
    const cursor = this.#deps.source.open(shardId, from, { room: this.#room, watch: health });
    try {
      while (!signal.aborted && this.#isFetching) {
        await feed.wantsMore();
        const page = await cursor.next(signal);
        if (page === undefined) return;
        if (signal.aborted) {
          // It came in the moment the tenure ended: nobody else gives its bytes back.
          feed.add(page);
          feed.clear();
          return;
        }
        feed.add(page);
        this.#wakeUp.wake();
        if (page.end !== undefined) return;
      }
    } finally {
      cursor.close();
    }
  }

  /** Opens what a batch can take, shard by shard in turn. */
  #lookAhead({ maxRecords, maxBytes }: ReadLimits): 'nothing' | 'something' | 'full' {
    let records = 0;
    let bytes = 0;
    let hasMoved = false;
    let openable: ShardFeed[] = [];
    for (const { feed } of this.#readings.values()) {
      records += feed.readyRecords;
      bytes += feed.readyBytes;
      openable.push(feed);
    }
    while (openable.length > 0 && records < maxRecords && bytes < maxBytes) {
      const more: ShardFeed[] = [];
      for (const feed of openable) {
        const { readyRecords, readyBytes } = feed;
        if (!feed.openNext()) continue;
        more.push(feed);
        records += feed.readyRecords - readyRecords;
        bytes += feed.readyBytes - readyBytes;
        if (records >= maxRecords || bytes >= maxBytes) break;
      }
      openable = more;
    }
    for (const { feed } of this.#readings.values()) {
      // Its children wait for it.
      if (feed.isLast) return 'full';
      hasMoved ||= feed.hasMoved;
    }
    if (records >= maxRecords || bytes >= maxBytes) return 'full';
    return records > 0 || hasMoved ? 'something' : 'nothing';
  }

  #take(limits: ReadLimits): RecordBatch {
    const filling = new BatchFilling(limits);
    let feeds = [...this.#readings.values()].map(({ feed }) => feed);
    while (feeds.length > 0 && !filling.isFull) {
      const more: ShardFeed[] = [];
      for (const feed of feeds) {
        if (filling.isFull) break;
        if (!feed.take(filling)) continue;
        more.push(feed);
        this.#putLast(feed);
      }
      feeds = more;
    }
    this.#tellOwner();
    return { parts: filling.parts(), position: this.#deps.owner.position(), release: () => {} };
  }

  /** Its turn was now; the others come first in the next batch. */
  #putLast({ tenure: { partition } }: ShardFeed): void {
    const reading = this.#readings.get(partition)!;
    this.#readings.delete(partition);
    this.#readings.set(partition, reading);
  }

  #tellOwner(): void {
    for (const { feed } of [...this.#readings.values()]) {
      const { partition } = feed.tenure;
      const { end } = feed;
      if (end !== undefined) {
        feed.finish();
        this.end(partition);
        this.#deps.owner.handedOut(partition, feed.progress, end.childShards);
      } else if (feed.hasMoved) {
        feed.settled();
        this.#deps.owner.handedOut(partition, feed.progress);
      }
    }
  }
}
