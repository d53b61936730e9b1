import { setImmediate as nextTurn } from 'node:timers/promises';
import { SluiceError } from '../../../src/lib/errors.js';
import { pauseOn } from '../../../src/lib/timers.js';
import { sharedRows } from '../../../src/pipeline/kinesis-shared-windows.js';
import type { Point } from '../../../src/sink/point.js';
import type { Aggregate } from '../../../src/windows/aggregate.js';
import { SharedWindows } from '../../../src/windows/shared/shared-windows.js';
import { ShardsWatermark } from '../../../src/windows/watermark.js';
import { SetClock } from '../../support/clock.js';
import { MemoryLeaseTable } from '../../support/memory-lease-table.js';
import { StepStore } from '../step-store.js';

export const FAILOVER_MS = 4_000;
const TICK_MS = 500;

export interface Logged {
  readonly receivedNs: bigint;
  readonly point: Point;
}

/** A shard with its row of the lease table. */
export interface Shard {
  readonly id: string;
  readonly parent: Shard | undefined;
  readonly log: Logged[];
  /** No record comes any more. */
  isClosed: boolean;
  saved: number;
  watermarkMs: number | undefined;
  hasEnded: boolean;
  owner: Worker | undefined;
}

/** A call that is on its way. */
interface Call {
  readonly worker: Worker;
  go(): void;
}

/** Everything outside of the consumers: time, table, store and stream. Calls go on one at a time, when a test says which. */
export class SharedWorld {
  readonly clock = new SetClock();
  readonly table = new MemoryLeaseTable();
  readonly store = new StepStore();
  readonly shards: Shard[] = [];
  readonly workers: Worker[] = [];
  readonly #calls: Call[] = [];
  readonly #timers: { readonly worker: Worker; readonly atMs: number; readonly run: () => void }[] = [];

  addShard(parent?: Shard): Shard {
    const shard: Shard = {
      id: `shard-${this.shards.length}`,
      parent,
      log: [],
      isClosed: false,
      saved: 0,
      watermarkMs: undefined,
      hasEnded: false,
      owner: undefined,
    };
    this.shards.push(shard);
    return shard;
  }

  leastWatermarkMs(): number {
    const deciding = this.shards.filter(({ hasEnded, parent }) => !hasEnded && parent?.hasEnded !== false);
    if (deciding.length === 0) return Number.NEGATIVE_INFINITY;
    return Math.min(...deciding.map(({ watermarkMs = Number.NEGATIVE_INFINITY }) => watermarkMs));
  }

  /** Calls that can go on. */
  get ready(): readonly Call[] {
    return this.#calls.filter(({ worker }) => !worker.isStalled);
  }

  arrive(worker: Worker): Promise<void> {
    return new Promise((go) => this.#calls.push({ worker, go }));
  }

  async goOn(call: Call): Promise<void> {
    this.#calls.splice(this.#calls.indexOf(call), 1);
    call.go();
    for (let turn = 0; turn < 3; turn++) await nextTurn();
  }

  schedule(worker: Worker, ms: number, run: () => void): () => void {
    const timer = { worker, atMs: this.clock.elapsedMs + ms, run };
    this.#timers.push(timer);
    return () => {
      const at = this.#timers.indexOf(timer);
      if (at !== -1) this.#timers.splice(at, 1);
    };
  }

  async tick(): Promise<void> {
    this.clock.elapsedMs += TICK_MS;
    this.clock.wallNs += BigInt(TICK_MS) * 1_000_000n;
    for (const worker of this.workers) if (worker.isLive && !worker.isStalled) worker.renew();
    const due = this.#timers.filter(({ worker, atMs }) => !worker.isStalled && atMs <= this.clock.elapsedMs);
    for (const timer of due) timer.run();
    await nextTurn();
    // A request of a killed process arrives within the fail-over time, or never.
    for (const call of [...this.#calls])
      if (call.worker.hasBeenDeadFor(FAILOVER_MS / 2)) await this.goOn(call);
  }
}

interface Held {
  readonly shard: Shard;
  readonly takenAtMs: number;
  position: number;
  sentMs: number;
}

/** A consumer with its leases. */
export class Worker {
  readonly windows: SharedWindows;
  readonly held = new Map<string, Held>();
  isLive = true;
  isStalled = false;
  isBusy = false;
  readonly #world: SharedWorld;
  readonly #abort = new AbortController();
  #renewedAtMs: number;
  #diedAtMs = Number.POSITIVE_INFINITY;
  /** Whether the requests to the store that are on their way when it is killed arrive. */
  #lands = true;
  #assignments = 0;

  constructor(world: SharedWorld, workerId: string, aggregates: readonly Aggregate[]) {
    this.#world = world;
    this.#renewedAtMs = world.clock.elapsedMs;
    const { clock } = world;
    const rows = { reader: this.#reader(), write: (all: readonly Point[]) => this.#write(all) };
    this.windows = new SharedWindows(
      { memoryBytes: 1024 * 1024, aggregates },
      {
        stream: {
          workerId,
          failoverMs: FAILOVER_MS,
          rows: sharedRows(
            world.table.client({
              fault: () => (this.isLive ? 'none' : 'before'),
              networkSleep: () => this.#arrive(),
              arrive: async () => {
                await this.#arrive();
                if (!this.isLive) throw dead();
              },
            }),
          ),
          held: () => this.#watermarks(),
          leastWatermarkMs: async () => {
            await this.#arrive();
            return world.leastWatermarkMs();
          },
        },
        stores: {
          points: rows.reader,
          oldestKeptNs: () => undefined,
          rowsIn: () => rows,
          problem: () => '',
          close: async () => undefined,
        },
        watermark: new ShardsWatermark(() => this.#shardsAtEnd(), clock),
        clock,
        warn: () => undefined,
        sleep: pauseOn((ms, run) => world.schedule(this, ms, run)),
      },
    );
    world.workers.push(this);
  }

  hasBeenDeadFor(ms: number): boolean {
    return this.#world.clock.elapsedMs >= this.#diedAtMs + ms;
  }

  /** Another consumer may take its shards. */
  get isExpired(): boolean {
    return this.#world.clock.elapsedMs >= this.#renewedAtMs + FAILOVER_MS;
  }

  renew(): void {
    if (this.isExpired) this.held.clear();
    this.#renewedAtMs = this.#world.clock.elapsedMs;
  }

  take(shard: Shard): void {
    for (const other of this.#world.workers) if (!other.isStalled) other.#forget(shard);
    shard.owner = this;
    this.held.set(`${shard.id}#${this.#assignments++}`, {
      shard,
      takenAtMs: this.#world.clock.elapsedMs,
      position: shard.saved,
      sentMs: shard.watermarkMs ?? Number.NEGATIVE_INFINITY,
    });
  }

  /** Writes the next records of the shards that it holds; others may take these meanwhile. */
  async work(records: number): Promise<void> {
    if (this.isBusy || !this.isLive) return;
    const parts = [...this.held].map(([partition, one]) => ({
      partition,
      one,
      records: one.shard.log.slice(one.position, one.position + records),
    }));
    const points = parts.flatMap((part) => part.records.map(({ point }) => point));
    if (points.length === 0) return;
    this.isBusy = true;
    try {
      await this.windows.around({ write: (all) => this.#write(all) }).write(points, this.#abort.signal);
      for (const part of parts) part.one.position += part.records.length;
      this.windows.processed({
        position: '',
        parts: parts.map((part) => ({
          partition: part.partition,
          records: part.records.map(({ receivedNs }) => ({ receivedAtNs: receivedNs })),
        })),
      });
    } catch (thrown) {
      if (this.isLive) throw thrown;
    }
    this.isBusy = false;
  }

  /** Writes a point that is in no shard; killed in the middle of it, nobody writes it again. */
  async replay(point: Point): Promise<void> {
    if (this.isBusy || !this.isLive) return;
    this.isBusy = true;
    const writing = this.windows
      .around({ write: (all) => this.#write(all) })
      .write([point], this.#abort.signal);
    await writing.catch((thrown: unknown) => {
      if (this.isLive) throw thrown;
    });
    this.isBusy = false;
  }

  /** Saves the positions and the watermarks of the shards that it still holds. */
  save(): void {
    if (this.isExpired || !this.isLive) return;
    for (const [partition, one] of [...this.held]) {
      const { shard } = one;
      if (shard.owner !== this) continue;
      shard.saved = one.position;
      const ms = this.windows.watermarkMs(partition);
      if (ms !== undefined && this.#world.clock.elapsedMs >= one.takenAtMs + FAILOVER_MS) {
        one.sentMs = Math.max(one.sentMs, ms);
        shard.watermarkMs = one.sentMs;
      }
      if (!shard.isClosed || one.position < shard.log.length) continue;
      shard.hasEnded = true;
      this.held.delete(partition);
    }
  }

  kill(lands: boolean): void {
    this.isLive = false;
    this.isStalled = false;
    this.#lands = lands;
    this.#diedAtMs = this.#world.clock.elapsedMs;
    this.#abort.abort();
  }

  #forget(shard: Shard): void {
    for (const [partition, one] of this.held) if (one.shard === shard) this.held.delete(partition);
  }

  #watermarks(): ReadonlyMap<string, number> {
    if (this.isExpired) return new Map();
    return new Map([...this.held].map(([partition, { sentMs }]) => [partition, sentMs]));
  }

  #shardsAtEnd(): ReadonlyMap<string, boolean> {
    return new Map(
      [...this.held].map(([partition, { shard, position }]) => [
        partition,
        position === shard.log.length && !this.isBusy,
      ]),
    );
  }

  async #arrive(): Promise<void> {
    if (this.isLive) await this.#world.arrive(this);
  }

  /** A request that was sent may arrive although the process is dead. */
  async #write(points: readonly Point[]) {
    if (!this.isLive) throw dead();
    await this.#arrive();
    if (!this.isLive && !this.#lands) throw dead();
    const rejections = await this.#world.store.write(points);
    await this.#arrive();
    if (!this.isLive) throw dead();
    return rejections;
  }

  #reader(): StepStore['points'] {
    const { points } = this.#world.store;
    const between = async function* <T>(worker: Worker, read: () => AsyncIterable<T>): AsyncGenerator<T> {
      await worker.#arrive();
      if (!worker.isLive) throw dead();
      yield* read();
      await worker.#arrive();
      if (!worker.isLive) throw dead();
    };
    return {
      fold: (query, signal) => between(this, () => points.fold(query, signal)),
      rows: (query, signal) => between(this, () => points.rows(query, signal)),
    };
  }
}

function dead(): SluiceError {
  return new SluiceError('SINK_ABORTED', 'the process is dead');
}
