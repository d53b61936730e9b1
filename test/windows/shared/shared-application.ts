import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect } from 'vitest';
import { SluiceError } from '../../../src/lib/errors.js';
import { pauseOn, type Schedule } from '../../../src/lib/timers.js';
import { sharedRows } from '../../../src/pipeline/kinesis-shared-windows.js';
import type { Point } from '../../../src/sink/point.js';
import type { Aggregate, WindowsOptions } from '../../../src/windows/aggregate.js';
import { SharedWindows } from '../../../src/windows/shared/shared-windows.js';
import { ShardsWatermark } from '../../../src/windows/watermark.js';
import { SetClock } from '../../support/clock.js';
import { MemoryLeaseTable } from '../../support/memory-lease-table.js';
import { pointOf, seriesOf } from '../../support/points.js';
import { StepStore } from '../step-store.js';

export const FAILOVER_MS = 10_000;
const TURN_MS = 500;
export const START_S = 1_795_000_020n;
const NS_PER_S = 1_000_000_000n;
const START_MS = Number(START_S) * 1_000;

export const ROOM: Aggregate = {
  name: 'room',
  from: 'climate',
  by: ['room'],
  sizeMs: 10_000,
  latenessMs: 2_000,
  fields: new Map([['v', { functions: ['count', 'sum'], quantiles: [] }]]),
  resolutions: [
    { everyMs: 10_000, measurement: 'room_10s', retentionMs: 0 },
    { everyMs: 60_000, measurement: 'room_1min', retentionMs: 0 },
  ],
};

/** Waits before a step; a test holds it up there. */
export type Step = 'points' | 'fold' | 'rows';

/** The table, the store and the lease rows that the consumers of an application share. Seconds count from the start. */
export class SharedApplication {
  readonly clock = new SetClock();
  readonly table = new MemoryLeaseTable();
  readonly store = new StepStore();
  /** Shard that has not ended → the watermark that is saved for it, s. */
  readonly shards = new Map<string, number | undefined>();
  readonly consumers: SharedConsumer[] = [];

  constructor() {
    this.clock.wallNs = START_S * NS_PER_S;
  }

  async consumer(
    workerId: string,
    aggregates: readonly Aggregate[] = [ROOM],
    memoryBytes = 1024 * 1024,
  ): Promise<SharedConsumer> {
    const consumer = new SharedConsumer(this, workerId, { aggregates, memoryBytes });
    this.consumers.push(consumer);
    await consumer.windows.prepare();
    // What is open at the start is due; these tests look at what points make due.
    for (const [key, row] of this.table.rows) if (row.kind === 'mark') this.table.rows.delete(key);
    consumer.windows.start();
    await nextTurn();
    return consumer;
  }

  /** Rows that say that something is due: measurement, start in s, group. */
  due(): string[] {
    return [...this.table.rows.values()]
      .filter(({ kind }) => kind === 'mark')
      .map(({ measurement, startMs, group = '' }) =>
        `${measurement} ${Number(startMs) / 1_000 - Number(START_S)} ${group}`.trim(),
      );
  }

  /** Group and start in s → count and sum. */
  rows(measurement = 'room_10s'): Record<string, string> {
    const rows = this.store.reference.rows({
      measurement,
      fromNs: -(2n ** 62n),
      toNs: 2n ** 62n,
      fields: ['v_count', 'v_sum'],
    });
    return Object.fromEntries(
      rows.map(({ tags, timestampNs, fields }) => [
        `${tags[0]?.value} ${timestampNs / NS_PER_S - START_S}`,
        fields.map(({ value }) => String(value)).join(' '),
      ]),
    );
  }

  /** Lets time pass in which these consumers take their turns, two in a second. */
  async passed(ms: number, of: readonly SharedConsumer[]): Promise<void> {
    for (let leftMs = ms; leftMs > 0; leftMs -= TURN_MS) {
      this.clock.elapsedMs += TURN_MS;
      for (const consumer of of) await consumer.turn();
    }
  }

  async close(): Promise<void> {
    for (const { windows } of this.consumers) await windows.close();
  }
}

export class SharedConsumer {
  readonly windows: SharedWindows;
  readonly held = new Map<string, number>();
  readonly warnings: string[] = [];
  isDead = false;
  isTableDown = false;
  /** Called before each step of this consumer at the store. */
  before: (step: Step) => Promise<void> | undefined = () => undefined;
  /** What would come with time comes from the test. */
  schedule: Schedule = () => () => undefined;
  readonly #application: SharedApplication;
  readonly #abort = new AbortController();
  #assignments = 0;

  constructor(application: SharedApplication, workerId: string, options: WindowsOptions) {
    this.#application = application;
    const { clock, store, table, shards } = application;
    const fault = () => (this.isDead || this.isTableDown ? 'before' : 'none');
    const points: StepStore['points'] = {
      fold: (query, signal) => this.#between('fold', () => store.points.fold(query, signal)),
      rows: (query, signal) => this.#between('fold', () => store.points.rows(query, signal)),
    };
    const rows = {
      reader: points,
      write: async (all: readonly Point[]) => {
        await this.#step('rows');
        return store.write(all);
      },
    };
    this.windows = new SharedWindows(options, {
      stream: {
        workerId,
        failoverMs: FAILOVER_MS,
        rows: sharedRows(table.client({ fault })),
        held: () => this.held,
        leastWatermarkMs: async () =>
          shards.size === 0
            ? Number.NEGATIVE_INFINITY
            : Math.min(
                ...[...shards.values()].map((s) => (s === undefined ? Number.NEGATIVE_INFINITY : msOf(s))),
              ),
      },
      stores: {
        points,
        oldestKeptNs: () => undefined,
        rowsIn: () => rows,
        problem: () => '',
        close: async () => undefined,
      },
      watermark: new ShardsWatermark(() => new Map(), clock),
      clock,
      warn: ({ code }) => this.warnings.push(code),
      sleep: pauseOn((ms, run) => this.schedule(ms, run)),
    });
  }

  take(shard: string): void {
    const saved = this.#application.shards.get(shard);
    if (saved === undefined) this.#application.shards.set(shard, undefined);
    this.held.set(
      `${shard}#${this.#assignments++}`,
      saved === undefined ? Number.NEGATIVE_INFINITY : msOf(saved),
    );
  }

  lose(shard: string): void {
    for (const partition of this.held.keys())
      if (partition.startsWith(`${shard}#`)) this.held.delete(partition);
  }

  /** Saves how far a held shard is stored, in s. */
  save(shard: string, seconds: number): void {
    for (const partition of this.held.keys()) {
      if (partition.startsWith(`${shard}#`)) this.held.set(partition, msOf(seconds));
    }
    this.#application.shards.set(shard, seconds);
  }

  /** Writes a value of a room at a time in s. */
  write(room: string, seconds: number, v: number): Promise<unknown> {
    const timestampNs = START_S * NS_PER_S + BigInt(Math.round(seconds * 1_000)) * 1_000_000n;
    const point = pointOf(seriesOf('climate', { room }), timestampNs, { v });
    const write = async (points: readonly Point[]) => {
      await this.#step('points');
      return this.#application.store.write(points);
    };
    return this.windows.around({ write }).write([point], this.#abort.signal);
  }

  /** A turn of the computing consumer with time for a fold, as its loop takes it. */
  async turn(): Promise<void> {
    await this.windows.turn().catch(() => undefined); // it is tried again
    for (let steps = 0; steps < 20; steps++) await nextTurn();
  }

  /** Turns that time brings, while no other consumer takes any. */
  async turns(count: number): Promise<void> {
    await this.#application.passed(count * TURN_MS, [this]);
  }

  kill(): void {
    this.isDead = true;
    this.#abort.abort();
  }

  async #step(step: Step): Promise<void> {
    await this.before(step);
    if (this.isDead) throw new SluiceError('SINK_ABORTED', 'the process is dead');
  }

  async *#between<T>(step: Step, read: () => AsyncIterable<T>): AsyncGenerator<T> {
    await this.#step(step);
    yield* read();
  }
}

export function msOf(seconds: number): number {
  return START_MS + seconds * 1_000;
}

/** Stops a consumer before a step: `reached` resolves when it is there, `release` lets it go on. */
export function holdAt(consumer: SharedConsumer, at: Step) {
  let release: () => void = () => undefined;
  let arrive: () => void = () => undefined;
  const reached = new Promise<void>((resolve) => {
    arrive = resolve;
  });
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  consumer.before = async (step) => {
    if (step !== at) return;
    consumer.before = () => undefined;
    arrive();
    await held;
  };
  return { reached, release };
}

/** Enough turns for what is due to be computed, and for the quiet of late points. */
export async function settle(application: SharedApplication, of: readonly SharedConsumer[]): Promise<void> {
  await expect
    .poll(
      async () => {
        await application.passed(1_000, of);
        return application.due();
      },
      { timeout: 10_000, interval: 0 },
    )
    .toEqual([]);
}
