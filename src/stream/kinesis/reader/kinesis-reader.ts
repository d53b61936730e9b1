import type { Clock } from '../../../lib/clock.js';
import { LimitedWarning } from '../../../lib/limited-warning.js';
import type { Schedule } from '../../../lib/timers.js';
import type { Warn } from '../../../lib/warnings.js';
import type { ComponentStatus, ReadLimits, RecordBatch, StreamReader } from '../../stream.js';
import type { ShardAssigner, ShardAssignment, ShardAssignmentListener } from '../shard-assignment.js';
import { shardPositionText } from '../shard-position.js';
import { BatchFilling, openForBatch } from './batch-filling.js';
import { FetchRoom } from './fetch-room.js';
import { type KinesisReaderCounters, noTotals, type ShardReading } from './reader-counters.js';
import type { RecordSource } from './record-source.js';
import { ShardFeed } from './shard-feed.js';
import { type HealthPorts, MADE_AGAIN, ShardHealth, worstStatus } from './shard-health.js';

export interface KinesisReaderOptions {
  readonly streamName: string;
  /** Limits what is fetched and not delivered, with room kept for the answers of calls in flight. */
  readonly bufferBytes: number;
  readonly maxConcurrentFetches: number;
}

export interface KinesisReaderDeps {
  readonly source: RecordSource;
  readonly assigner: ShardAssigner;
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
 * KinesisReader reads the shards that its assigner gives it as one stream. Invariants:
 * 1. Every user record of a shard is delivered once and in order, from where the assignment of the shard begins.
 * 2. A position covers exactly what was delivered before it: the reader reports deliveries to the assigner before it
 *    asks for the position.
 * 3. An assignment that has ended delivers nothing more; what was fetched for it is dropped.
 * 4. What is fetched and not delivered stays within `bufferBytes` (see FetchRoom).
 * 5. Whatever Kinesis answers, reading continues: failures are waited out, counted and logged.
 */
export class KinesisReader implements StreamReader, ShardAssignmentListener {
  readonly #options: KinesisReaderOptions;
  readonly #deps: KinesisReaderDeps;
  readonly #room: FetchRoom;
  readonly #totals = noTotals();
  readonly #healthPorts: HealthPorts;
  readonly #wakeUp: WakeUp;
  /** By partition; the one that was read longest ago is first. */
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
      onMadeAgain: () => deps.assigner.streamMadeAgain?.(),
    };
  }

  /** Opens the assigner, which the reader closes as well. Rejects with what makes the stream unusable now. */
  static async open(options: KinesisReaderOptions, deps: KinesisReaderDeps): Promise<KinesisReader> {
    const reader = new KinesisReader(options, deps);
    try {
      await deps.assigner.open(reader);
    } catch (thrown) {
      await reader.close();
      throw thrown;
    }
    return reader;
  }

  begin(assignment: ShardAssignment): void {
    const reading: Reading = {
      feed: new ShardFeed(assignment, this.#options.streamName, this.#room, this.#totals),
      health: new ShardHealth(assignment.shardId, this.#healthPorts),
      stopping: new AbortController(),
    };
    this.#readings.set(assignment.partition, reading);
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

  streamMadeAgain(): void {
    this.#totals.gaps += 1;
    this.#deps.warn({ code: 'STREAM_MADE_AGAIN', stream: this.#options.streamName }, MADE_AGAIN);
  }

  /** Resolves with a batch without records when only the position has moved: at the end of a shard, or over empty aggregates. */
  async next(limits: ReadLimits, signal: AbortSignal): Promise<RecordBatch | undefined> {
    let untilMs: number | undefined;
    while (!signal.aborted) {
      if (this.#failure !== undefined) throw this.#failure.thrown;
      const fill = openForBatch(this.#feeds(), limits);
      if (fill === 'nothing') {
        if (limits.whenEmpty === 'return') return undefined;
        untilMs = undefined;
        await this.#wakeUp.wait(signal);
        continue;
      }
      const nowMs = this.#deps.clock.monotonicMs();
      untilMs ??= nowMs + limits.lingerMs;
      if (fill === 'full' || nowMs >= untilMs) return this.#take(limits);
      await this.#wakeUp.wait(signal, untilMs - nowMs);
    }
    return undefined;
  }

  /** Called before a stop: what has been fetched is still delivered, but nothing more is fetched. */
  stopFetching(): void {
    this.#isFetching = false;
  }

  async close(): Promise<void> {
    for (const partition of [...this.#readings.keys()]) this.end(partition);
    await this.#deps.assigner.close();
  }

  status(): ComponentStatus {
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
      lastGoodPollAtMs,
      shardsReading: this.#readings.size,
      bufferedBytes: this.#room.heldBytes,
    };
  }

  /** Partition → whether all that the shard has was delivered, as far as its last answer knows. */
  shardsAtEnd(): ReadonlyMap<string, boolean> {
    const shards = new Map<string, boolean>();
    for (const [partition, { feed, health }] of this.#readings) {
      shards.set(partition, health.isAtEnd && feed.readyRecords === 0);
    }
    return shards;
  }

  shards(): ShardReading[] {
    return [...this.#readings.values()].map(({ feed, health }) => ({
      shardId: feed.assignment.shardId,
      at: shardPositionText(feed.progress.at),
      records: feed.progress.records,
      millisBehindLatest: health.millisBehindLatest,
    }));
  }

  async #fetchAll({ feed, health, stopping: { signal } }: Reading): Promise<void> {
    const { shardId, from } = feed.assignment;
    const cursor = this.#deps.source.open(shardId, from, { room: this.#room, watch: health });
    try {
      while (!signal.aborted && this.#isFetching) {
        await feed.wantsMore();
        const page = await cursor.next(signal);
        if (page === undefined) return;
        if (signal.aborted) {
          // The page came when the assignment ended: its bytes have to be released here.
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

  #feeds(): readonly ShardFeed[] {
    return [...this.#readings.values()].map(({ feed }) => feed);
  }

  #take(limits: ReadLimits): RecordBatch {
    const filling = new BatchFilling(limits);
    let feeds = this.#feeds();
    while (feeds.length > 0 && !filling.isFull) {
      const more: ShardFeed[] = [];
      for (const feed of feeds) {
        if (filling.isFull) break;
        if (!feed.take(filling)) continue;
        more.push(feed);
        this.#moveLast(feed);
      }
      feeds = more;
    }
    this.#reportDelivered();
    return { parts: filling.parts(), position: this.#deps.assigner.position(), release: () => {} };
  }

  /** The other shards come first in the next batch. */
  #moveLast({ assignment: { partition } }: ShardFeed): void {
    const reading = this.#readings.get(partition)!;
    this.#readings.delete(partition);
    this.#readings.set(partition, reading);
  }

  #reportDelivered(): void {
    for (const feed of this.#feeds()) {
      const { partition } = feed.assignment;
      const { end } = feed;
      if (end !== undefined) {
        feed.finish();
        this.end(partition);
        this.#deps.assigner.delivered(partition, feed.progress, end.childShards);
      } else if (feed.hasMoved) {
        feed.positionTaken();
        this.#deps.assigner.delivered(partition, feed.progress);
      }
    }
  }
}

/** WakeUp lets one caller wait until something has happened. */
class WakeUp {
  readonly #timers: Schedule;
  #waiting: (() => void) | undefined;

  constructor(timers: Schedule) {
    this.#timers = timers;
  }

  wake(): void {
    this.#waiting?.();
  }

  /** Resolves at the next `wake`, after `ms` if given, or when `signal` aborts. Calls do not overlap. */
  wait(signal: AbortSignal, ms?: number): Promise<void> {
    if (signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const finish = () => {
        this.#waiting = undefined;
        cancel?.();
        signal.removeEventListener('abort', finish);
        resolve();
      };
      const cancel = ms === undefined ? undefined : this.#timers(ms, finish);
      signal.addEventListener('abort', finish, { once: true });
      this.#waiting = finish;
    });
  }
}
