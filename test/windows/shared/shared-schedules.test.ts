import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, it } from 'vitest';
import type { Aggregate } from '../../../src/windows/aggregate.js';
import { pointOf, seriesOf } from '../../support/points.js';
import { type Logged, type Shard, SharedWorld, Worker } from './shared-world.js';

const NS_PER_MS = 1_000_000n;
const AGGREGATES: readonly Aggregate[] = [
  {
    name: 'room',
    from: 'climate',
    by: ['room'],
    sizeMs: 5_000,
    latenessMs: 1_000,
    fields: new Map([['v', { functions: ['count', 'sum'], quantiles: [] }]]),
    resolutions: [
      { everyMs: 5_000, measurement: 'room_5s', retentionMs: 0 },
      { everyMs: 20_000, measurement: 'room_20s', retentionMs: 0 },
    ],
  },
  {
    name: 'all',
    from: 'climate',
    by: [],
    sizeMs: 5_000,
    latenessMs: 0,
    earlyMs: 1_000,
    fields: new Map([['v', { functions: ['count', 'sum'], quantiles: [] }]]),
    resolutions: [{ everyMs: 5_000, measurement: 'all_5s', retentionMs: 0 }],
  },
];

/** A small generator of random numbers that gives the same at every run. */
function randomOf(seed: number) {
  let state = seed;
  const random = () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  return {
    below: (limit: number) => Math.floor(random() * limit),
    of: <T>(all: readonly T[]): T => all[Math.floor(random() * all.length)]!,
    isOneIn: (times: number) => random() < 1 / times,
  };
}

class Run {
  readonly world = new SharedWorld();
  readonly #seed: number;
  readonly #random: ReturnType<typeof randomOf>;
  readonly #working = new Set<Promise<void>>();
  #names = 0;

  constructor(seed: number) {
    this.#seed = seed;
    this.#random = randomOf(seed);
    this.world.addShard();
    this.world.addShard();
  }

  get #live(): Worker[] {
    return this.world.workers.filter(({ isLive }) => isLive);
  }

  async start(): Promise<Worker> {
    const worker = new Worker(this.world, `worker-${this.#names++}`, AGGREGATES);
    let isReady = false;
    const preparing = worker.windows.prepare().then(() => {
      isReady = true;
    });
    while (!isReady) {
      const own = this.world.ready.find((call) => call.worker === worker);
      if (own === undefined) await nextTurn();
      else await this.world.goOn(own);
    }
    await preparing;
    worker.windows.start();
    return worker;
  }

  /** One thing that may happen at any time. */
  async happen(): Promise<void> {
    const { world } = this;
    const random = this.#random;
    const live = this.#live;
    const running = live.filter(({ isStalled }) => !isStalled);
    const what = random.below(100);
    if (what < 30) {
      for (let steps = random.below(8); steps >= 0; steps--) await this.#step();
    } else if (what < 50) this.#publish();
    else if (what < 60 && running.length > 0) this.#work(random.of(running));
    else if (what < 65 && running.length > 0) this.#begin(random.of(running).replay(this.#logged().point));
    else if (what < 75 && running.length > 0) random.of(running).save();
    else if (what < 90) await this.#pass(1 + random.below(random.isOneIn(5) ? 16 : 4));
    else if (what < 92) this.#moveShards(8);
    else if (what < 95 && running.length > 0) await this.#standStill(random.of(running));
    else if (what < 96 && running.length > 0) random.of(running).isStalled = true;
    else if (what < 97) for (const worker of live) worker.isStalled = false;
    else if (what < 98 && live.length > 0) random.of(live).kill(random.isOneIn(2));
    else if (what < 99 && live.length < 3) await this.start();
    else if (world.shards.length < 4) this.#split();
  }

  /** Lets everything that has begun end, and time pass until nothing is due any more. */
  async settle(): Promise<void> {
    for (const worker of this.#live) worker.isStalled = false;
    if (this.#live.length === 0) await this.start();
    for (const shard of this.world.shards) if (shard.parent !== undefined) shard.parent.isClosed = true;
    for (let round = 0; round < 400 && this.#unsettled.length > 0; round++) {
      await this.#pass(2);
      this.#moveShards(Number.POSITIVE_INFINITY);
      for (const worker of this.#live) this.#work(worker);
      for (let steps = 0; steps < 200 && this.world.ready.length > 0; steps++) await this.#step();
      for (const worker of this.#live) worker.save();
    }
    expect(this.#unsettled, `seed ${this.#seed}`).toEqual([]);
    await Promise.all(this.#working);
  }

  async close(): Promise<void> {
    for (const worker of this.world.workers) {
      if (worker.isLive) worker.kill(false);
      while (this.world.ready.length > 0) await this.world.goOn(this.world.ready[0]!);
      await worker.windows.close();
    }
  }

  /** What is not read, or still due. */
  get #unsettled(): readonly string[] {
    const { shards, table } = this.world;
    const unread = shards.filter(({ saved, log }) => saved < log.length).map(({ id }) => `${id} is not read`);
    return [...unread, ...[...table.rows].filter(([, { kind }]) => kind === 'mark').map(([key]) => key)];
  }

  async #step(): Promise<void> {
    const { ready } = this.world;
    if (ready.length > 0) await this.world.goOn(this.#random.of(ready));
  }

  async #pass(ticks: number): Promise<void> {
    for (let tick = 0; tick < ticks; tick++) {
      await this.world.tick();
      for (const worker of this.#live) if (!worker.isStalled && this.#random.isOneIn(3)) worker.save();
      for (let steps = this.#random.below(40); steps > 0; steps--) await this.#step();
    }
  }

  /** A consumer stands still in the middle of a write, or is killed then, and the others go on. */
  async #standStill(worker: Worker): Promise<void> {
    const random = this.#random;
    if (random.isOneIn(2)) this.#work(worker);
    else this.#begin(worker.replay(this.#logged().point));
    for (let steps = random.below(12); steps > 0; steps--) {
      const own = this.world.ready.filter((call) => call.worker === worker);
      if (own.length > 0) await this.world.goOn(random.of(own));
    }
    const isKilled = random.isOneIn(4);
    if (isKilled) worker.kill(random.isOneIn(2));
    else worker.isStalled = true;
    for (let ticks = random.below(50); ticks > 0; ticks--) {
      await this.#pass(1);
      if (random.isOneIn(4)) this.#moveShards(Number.POSITIVE_INFINITY);
    }
    worker.isStalled = false;
    if (isKilled && this.#live.length < 2) await this.start();
  }

  #publish(): void {
    const random = this.#random;
    random.of(this.world.shards.filter(({ isClosed }) => !isClosed)).log.push(this.#logged());
  }

  #logged(): Logged {
    const random = this.#random;
    const receivedNs = this.world.clock.nowNs();
    const lagMs = random.of([0, 0, 300, 4_000, 30_000]);
    // Some points overwrite others.
    const timestampNs = (receivedNs / NS_PER_MS / 500n) * 500n * NS_PER_MS - BigInt(lagMs) * NS_PER_MS;
    const point = pointOf(seriesOf('climate', { room: random.of(['a', 'b']) }), timestampNs, {
      v: random.below(1_000),
    });
    return { receivedNs, point };
  }

  #work(worker: Worker): void {
    this.#begin(worker.work(1 + this.#random.below(4)));
  }

  #begin(working: Promise<void>): void {
    this.#working.add(working);
    void working.finally(() => this.#working.delete(working));
  }

  /** Shards that nobody reads, or a process that is dead or stands still, go to another one; now and then one that is read does. */
  #moveShards(oneIn: number): void {
    const running = this.#live.filter(({ isStalled }) => !isStalled);
    if (running.length === 0) return;
    for (const shard of this.world.shards) {
      const { owner } = shard;
      const isFree =
        owner === undefined ||
        owner.isExpired ||
        ![...owner.held.values()].some((held) => held.shard === shard) ||
        (this.#random.isOneIn(oneIn) && !owner.isBusy && !owner.isStalled);
      const isReadable = !shard.hasEnded && shard.parent?.hasEnded !== false;
      if (isFree && isReadable) this.#random.of(running).take(shard);
    }
  }

  #split(): void {
    const parent = this.#random.of(this.world.shards.filter(({ isClosed }) => !isClosed));
    parent.isClosed = true;
    this.world.addShard(parent);
    this.world.addShard(parent);
  }
}

/** Window and group → count and sum, by plain loops over the points that the store has. */
function truthOf({ store }: SharedWorld, everyMs: number, byRoom: boolean): Record<string, string> {
  const windows = new Map<string, number[]>();
  const all = { fromNs: -(2n ** 62n), toNs: 2n ** 62n };
  for (const { tags, timestampNs, fields } of store.reference.rows({
    measurement: 'climate',
    fields: ['v'],
    ...all,
  })) {
    const startMs = Math.floor(Number(timestampNs / NS_PER_MS) / everyMs) * everyMs;
    const key = `${startMs} ${byRoom ? tags[0]!.value : ''}`;
    windows.set(key, [...(windows.get(key) ?? []), Number(fields[0]!.value)]);
  }
  return Object.fromEntries(
    [...windows].map(([key, values]) => [
      key,
      `${values.length} ${values.reduce((sum, value) => sum + value, 0)} false`,
    ]),
  );
}

function rowsOf({ store }: SharedWorld, measurement: string): Record<string, string> {
  const all = { fromNs: -(2n ** 62n), toNs: 2n ** 62n };
  const rows = store.reference.rows({ measurement, fields: ['v_count', 'v_sum', 'open'], ...all });
  return Object.fromEntries(
    rows.map(({ tags, timestampNs, fields }) => {
      const of = Object.fromEntries(fields.map(({ name, value }) => [name, value]));
      return [`${timestampNs / NS_PER_MS} ${tags[0]?.value ?? ''}`, `${of.v_count} ${of.v_sum} ${of.open}`];
    }),
  );
}

function shardsAreStored({ shards, store }: SharedWorld): boolean {
  const all = { fromNs: -(2n ** 62n), toNs: 2n ** 62n };
  const stored = store.reference.rows({ measurement: 'climate', fields: ['v'], ...all });
  const keys = new Set(stored.map(({ tags, timestampNs }) => `${tags[0]!.value} ${timestampNs}`));
  const hasAll = ({ log }: Shard) =>
    log.every(({ point }) => keys.has(`${point.series.tags[0]!.value} ${point.timestampNs}`));
  return shards.every(hasAll);
}

const RUNS = Number(process.env.WINDOWS_RUNS ?? 60);
const FIRST_SEED = Number(process.env.WINDOWS_SEED ?? 20_261_130);

it('rows are right in the end, whoever is killed, stands still, loses shards or the election in between', async () => {
  for (let seed = FIRST_SEED; seed < FIRST_SEED + RUNS; seed++) {
    const run = new Run(seed);
    try {
      await run.start();
      await run.start();
      for (let times = 0; times < 250; times++) await run.happen();
      await run.settle();
      expect(shardsAreStored(run.world), `seed ${seed}`).toBe(true);
      expect(rowsOf(run.world, 'room_5s'), `seed ${seed}`).toEqual(truthOf(run.world, 5_000, true));
      expect(rowsOf(run.world, 'room_20s'), `seed ${seed}`).toEqual(truthOf(run.world, 20_000, true));
      expect(rowsOf(run.world, 'all_5s'), `seed ${seed}`).toEqual(truthOf(run.world, 5_000, false));
    } finally {
      await run.close();
    }
  }
}, 120_000);
