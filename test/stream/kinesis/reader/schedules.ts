import fc from 'fast-check';
import { expect } from 'vitest';
import { SluiceError } from '../../../../src/lib/errors.js';
import { MAX_PAGE_BYTES } from '../../../../src/stream/kinesis/reader/fetch-room.js';
import { SingleWorkerAssigner } from '../../../../src/stream/kinesis/reader/single-worker-assigner.js';
import type { Position, RecordBatch } from '../../../../src/stream/stream.js';
import type { FakeFaults, FanOutFaults } from '../../../support/fake-kinesis.js';
import {
  AGGREGATE_MAGIC,
  aggregate,
  hashKeyOf,
  MIB,
  type OpenReader,
  plain,
  ReaderRig,
} from './reader-rig.js';

/** mulberry32: one seed, one schedule. */
function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** What a consumer would have on disk. */
interface Settled {
  readonly position: Position;
  /** Records taken of each device. */
  readonly taken: ReadonlyMap<string, number>;
  readonly total: number;
}

const FAILURES = [
  'KINESIS_THROTTLED',
  'KINESIS_UNREACHABLE',
  'KINESIS_STREAM_BUSY',
  'KINESIS_STREAM_MISSING',
  'KINESIS_DENIED',
  'KINESIS_ITERATOR_EXPIRED',
] as const;

/** Faults of every kind up to some moment, then none: everything must come to its end. */
function randomFaults(rig: ReaderRig, random: () => number): FakeFaults & FanOutFaults {
  const untilMs = random() * 30_000;
  const rate = random() * 0.5;
  const failure = () => {
    if (rig.time.nowMs > untilMs || random() > rate) return undefined;
    return new SluiceError(FAILURES[Math.floor(random() * FAILURES.length)]!, 'on purpose');
  };
  return {
    getRecords: () => {
      const thrown = failure();
      if (thrown !== undefined) return { throw: thrown };
      if (rig.time.nowMs > untilMs || random() > rate) return undefined;
      if (random() < 0.3) return { empty: true };
      if (random() < 0.7) return { atMost: 1 + Math.floor(random() * 5) };
      return { stall: rig.time.pause(random() * 20_000) };
    },
    shardIterator: failure,
    listShards: failure,
    subscribe: failure,
    page: () => (random() < 0.1 && rig.time.nowMs < untilMs ? 'end' : failure()),
    delay: () => rig.time.pause(random() * 60),
    answerDelay: () => rig.time.pause(random() * 60),
  };
}

class Schedule {
  readonly #random: () => number;
  readonly #rig: ReaderRig;
  readonly #faults: FakeFaults & FanOutFaults;
  readonly #bufferBytes: number;
  readonly #devices: readonly string[];
  readonly #appended = new Map<string, number>();
  #appendedTotal = 0;
  #isAppending = true;
  #settled: Settled[] = [];
  #open!: OpenReader;

  constructor(seed: number, fanOut: boolean) {
    this.#random = seeded(seed);
    this.#bufferBytes = Math.floor(this.#random() * 30 * MIB);
    this.#rig = new ReaderRig({
      shards: 1 + this.#upTo(3),
      random: this.#random,
      bufferBytes: this.#bufferBytes,
      maxConcurrentFetches: 1 + this.#upTo(4),
      shardSyncMs: 1_000 + this.#upTo(60_000),
      fanOut,
    });
    this.#faults = randomFaults(this.#rig, this.#random);
    this.#devices = Array.from({ length: 1 + this.#upTo(6) }, (_, n) => `d${n}`);
  }

  async run(): Promise<void> {
    const ends = Promise.all([this.#append(), this.#consume()]);
    await this.#rig.run(ends, 7_200_000);
  }

  #upTo(limit: number): number {
    return Math.floor(this.#random() * limit);
  }

  #payload(device: string): string {
    const n = this.#appended.get(device) ?? 0;
    this.#appended.set(device, n + 1);
    this.#appendedTotal += 1;
    return `${device}:${n}`;
  }

  async #append(): Promise<void> {
    const { stream, time } = this.#rig;
    for (let steps = this.#upTo(60); steps > 0; steps -= 1) {
      if (this.#random() < 0.7) await time.pause(this.#upTo(1_500));
      const open = stream.shards().filter(({ endingSequenceNumber }) => endingSequenceNumber === undefined);
      const device = this.#devices[this.#upTo(this.#devices.length)]!;
      const kind = this.#random();
      if (kind < 0.35) this.#rig.put(plain(device, this.#payload(device)));
      else if (kind < 0.7) this.#rig.put(this.#aggregate(device));
      else if (kind < 0.75) this.#rig.put(aggregate(device, []));
      else if (kind < 0.8) {
        this.#rig.put(
          plain(device, Buffer.concat([AGGREGATE_MAGIC, Buffer.from(`|${this.#payload(device)}`)])),
        );
      } else if (kind < 0.87 && open.length < 6) stream.split(open[this.#upTo(open.length)]!.shardId);
      else if (kind < 0.93) this.#merge(open);
      else if (kind < 0.96) stream.expireIterators();
      else if (kind < 0.98) stream.endSubscriptions();
      else this.#forget();
    }
    this.#isAppending = false;
  }

  #aggregate(device: string) {
    const company = this.#devices.filter((other) => hashKeyOf(other) === hashKeyOf(device));
    const records = Array.from({ length: 1 + this.#upTo(30) }, () => {
      const key = company[this.#upTo(company.length)]!;
      return [key, this.#payload(key)] as const;
    });
    return aggregate(device, records);
  }

  #merge(open: readonly { shardId: string; startingHashKey: string; endingHashKey: string }[]): void {
    const a = open[this.#upTo(open.length)]!;
    const b = open.find(({ startingHashKey }) => BigInt(startingHashKey) === BigInt(a.endingHashKey) + 1n);
    if (b !== undefined) this.#rig.stream.merge(a.shardId, b.shardId);
  }

  /** Retention takes shards that are read and settled; positions before that cannot be gone back to any more. */
  #forget(): void {
    const last = this.#settled.at(-1);
    if (last === undefined) return;
    const positions = shardsAt(last.position);
    for (const { shardId } of this.#rig.stream.shards()) {
      if (positions.get(shardId) === 'SHARD_END') this.#rig.stream.forget(shardId);
    }
    this.#settled = [last];
  }

  async #consume(): Promise<void> {
    await this.#openFrom(undefined);
    let state: Settled = { position: this.#open.assigner.position(), taken: new Map(), total: 0 };
    this.#settled.push(state);
    for (let restarts = this.#upTo(6); this.#isAppending || state.total < this.#appendedTotal; ) {
      const batch = await this.#next();
      if (batch !== undefined) {
        state = this.#take(state, batch);
        this.#settled.push(state);
      }
      if (restarts > 0 && this.#random() < 0.1) {
        restarts -= 1;
        await this.#open.reader.close();
        expect(this.#open.reader.counters().bufferedBytes).toBe(0);
        // Mostly the last one, as after a crash; at times any older one.
        const back = this.#random() < 0.6 ? 1 : 1 + this.#upTo(this.#settled.length);
        state = this.#settled.at(-back)!;
        this.#settled = this.#settled.slice(0, this.#settled.length - back + 1);
        await this.#openFrom(state.position);
      }
    }
    expect(state.total).toBe(this.#appendedTotal);
    expect([...state.taken].sort()).toEqual([...this.#appended].sort());
    await this.#comesToRest();
    await this.#open.reader.close();
    expect(this.#open.reader.counters().bufferedBytes).toBe(0);
  }

  async #openFrom(from: Position | undefined): Promise<void> {
    for (;;) {
      try {
        this.#open = await this.#rig.open(from, this.#faults, this.#faults);
        return;
      } catch (thrown) {
        if (!(thrown instanceof SluiceError)) throw thrown;
        await this.#rig.time.pause(1_000);
      }
    }
  }

  async #next(): Promise<RecordBatch | undefined> {
    const { time } = this.#rig;
    const stop = new AbortController();
    if (this.#random() < 0.2) time.schedule(this.#upTo(2_000), () => stop.abort());
    const limits = {
      maxRecords: 1 + this.#upTo(40),
      maxBytes: 1 + this.#upTo(2_000),
      lingerMs: this.#random() < 0.5 ? 0 : this.#upTo(500),
      // Nothing may be left to wait for.
      whenEmpty: this.#isAppending && this.#random() < 0.8 ? 'wait' : 'return',
    } as const;
    if (limits.whenEmpty === 'wait') time.schedule(5_000, () => stop.abort());
    const batch = await this.#open.reader.next(limits, stop.signal);
    this.#checkMemory();
    if (batch === undefined) await time.pause(this.#upTo(700));
    else {
      const records = batch.parts.flatMap((part) => part.records);
      expect(records.length).toBeLessThanOrEqual(limits.maxRecords);
      const butLast = records.slice(0, -1).reduce((bytes, { payload }) => bytes + payload.length, 0);
      expect(butLast).toBeLessThan(limits.maxBytes);
    }
    return batch;
  }

  #take(before: Settled, batch: RecordBatch): Settled {
    const taken = new Map(before.taken);
    let { total } = before;
    const positions = shardsAt(before.position);
    const known = new Set(batch.parts.map(({ partition }) => partition));
    expect(known.size).toBe(batch.parts.length);
    for (const { partition, records } of batch.parts) {
      for (const parent of this.#parentsOf(partition)) {
        expect(positions.get(parent) ?? 'SHARD_END').toBe('SHARD_END');
      }
      for (const { payload } of records) {
        const [, device, n] = /(d\d+):(\d+)$/.exec(payload.toString())!;
        expect(Number(n), `of ${device}`).toBe(taken.get(device!) ?? 0);
        taken.set(device!, Number(n) + 1);
        total += 1;
      }
    }
    expect(SingleWorkerAssigner.recordsAt(batch.position)).toBe(total);
    return { position: batch.position, taken, total };
  }

  #parentsOf(shardId: string): string[] {
    const shard = this.#rig.stream.shards().find((described) => described.shardId === shardId);
    return [shard?.parentShardId, shard?.adjacentParentShardId].filter((parent) => parent !== undefined);
  }

  #checkMemory(): void {
    const { bufferedBytes } = this.#open.reader.counters();
    expect(bufferedBytes).toBeLessThanOrEqual(Math.max(this.#bufferBytes, MAX_PAGE_BYTES));
  }

  /** No shard is stuck: in the end exactly the open ones are read, and all is well. */
  async #comesToRest(): Promise<void> {
    const openShards = () =>
      this.#rig.stream
        .shards()
        .filter(({ endingSequenceNumber }) => endingSequenceNumber === undefined)
        .map(({ shardId }) => shardId)
        .sort();
    const reading = () =>
      this.#open.reader
        .shards()
        .map(({ shardId }) => shardId)
        .sort();
    for (let waitedMs = 0; ; waitedMs += 1_000) {
      const batch = await this.#open.reader.next(
        { maxRecords: 10, maxBytes: 1_000, lingerMs: 0, whenEmpty: 'return' },
        new AbortController().signal,
      );
      expect(batch?.parts ?? []).toEqual([]);
      const isAtRest =
        String(reading()) === String(openShards()) &&
        this.#open.reader.status().state === 'healthy' &&
        this.#open.assigner.status().state === 'healthy';
      if (isAtRest) return;
      if (waitedMs > 300_000) {
        expect(reading()).toEqual(openShards());
        expect(this.#open.reader.status()).toEqual({ state: 'healthy', detail: '' });
      }
      await this.#rig.time.pause(1_000);
    }
  }
}

function shardsAt(position: Position): Map<string, string> {
  const { shards } = JSON.parse(position) as { shards: Record<string, { at: string }> };
  return new Map(Object.entries(shards).map(([shardId, { at }]) => [shardId, at]));
}

/** Runs many random schedules; the seed that fails is in the error. */
export async function runSchedules(runs: number, fanOut: boolean): Promise<void> {
  await fc.assert(
    fc.asyncProperty(fc.noShrink(fc.integer()), (seed) => new Schedule(seed, fanOut).run()),
    { seed: 20_261_121, numRuns: runs },
  );
}
