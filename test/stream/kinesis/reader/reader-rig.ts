import type { Schedule } from '../../../../src/lib/timers.js';
import { AggregateBuilder } from '../../../../src/stream/kinesis/aggregation/aggregate-builder.js';
import { HashKeyBuckets } from '../../../../src/stream/kinesis/aggregation/hash-key-buckets.js';
import type { PutEntry } from '../../../../src/stream/kinesis/kinesis-api.js';
import { FanOutSource } from '../../../../src/stream/kinesis/reader/fan-out-source.js';
import {
  KinesisReader,
  type KinesisReaderOptions,
} from '../../../../src/stream/kinesis/reader/kinesis-reader.js';
import { PollingSource } from '../../../../src/stream/kinesis/reader/polling-source.js';
import type { RecordSource, ShardStart } from '../../../../src/stream/kinesis/reader/record-source.js';
import { SingleWorkerAssigner } from '../../../../src/stream/kinesis/reader/single-worker-assigner.js';
import type { Position, ReadLimits, RecordBatch } from '../../../../src/stream/stream.js';
import {
  type FakeFaults,
  FakeKinesis,
  type FakeKinesisApi,
  type FanOutFaults,
} from '../../../support/fake-kinesis.js';
import { VirtualTime } from '../producer/virtual-time.js';

export const MIB = 1 << 20;
export const ALL_AT_ONCE: ReadLimits = {
  maxRecords: 5_000,
  maxBytes: 8 * MIB,
  lingerMs: 0,
  whenEmpty: 'wait',
};
export const AGGREGATE_MAGIC = Buffer.from('f3899ac2', 'hex');

const BUCKETS = new HashKeyBuckets(16);

export function hashKeyOf(device: string): string {
  return BUCKETS.explicitHashKey(BUCKETS.bucketOf(device));
}

const HALF = 1n << 127n;
const NAMES = Array.from({ length: 20 }, (_, n) => `d${n}`);
/** Devices of which one lives in the first and one in the second of two shards. */
export const LOW = NAMES.find((device) => BigInt(hashKeyOf(device)) < HALF)!;
export const HIGH = NAMES.find((device) => BigInt(hashKeyOf(device)) >= HALF)!;

export function plain(device: string, data: string | Uint8Array): PutEntry {
  return { data: Buffer.from(data), partitionKey: device, explicitHashKey: hashKeyOf(device) };
}

/** All of `devices` have to be of one bucket. Without any payload it is an aggregate without user records. */
export function aggregate(
  device: string,
  payloads: readonly (readonly [device: string, payload: string])[],
): PutEntry {
  const builder = new AggregateBuilder(hashKeyOf(device), 8 * MIB);
  for (const [key, payload] of payloads) builder.add(key, Buffer.from(payload));
  return { data: builder.build(), partitionKey: device, explicitHashKey: hashKeyOf(device) };
}

export interface RigOptions {
  readonly shards?: number;
  readonly random?: () => number;
  readonly bufferBytes?: number;
  readonly maxConcurrentFetches?: number;
  readonly shardSyncMs?: number;
  readonly fanOut?: boolean;
  readonly initial?: ShardStart;
}

export interface OpenReader {
  readonly reader: KinesisReader;
  readonly assigner: SingleWorkerAssigner;
  readonly api: FakeKinesisApi;
}

/** Readers in virtual time over one FakeKinesis. */
export class ReaderRig {
  readonly time = new VirtualTime();
  /** Timers of the readers that have neither run nor been cancelled. */
  readonly pendingTimers = new Set<object>();
  readonly stream: FakeKinesis;
  readonly warnings: Record<string, unknown>[] = [];
  readonly options: RigOptions;

  constructor(options: RigOptions = {}) {
    this.options = options;
    this.stream = new FakeKinesis({
      shards: options.shards ?? 1,
      clock: () => this.wallMs,
      name: 'telemetry',
    });
  }

  readonly #timers: Schedule = (delayMs, run) => {
    const timer = {};
    this.pendingTimers.add(timer);
    const cancel = this.time.schedule(delayMs, () => {
      this.pendingTimers.delete(timer);
      run();
    });
    return () => {
      this.pendingTimers.delete(timer);
      cancel();
    };
  };

  get wallMs(): number {
    return Number(this.time.nowNs() / 1_000_000n);
  }

  put(...entries: PutEntry[]): void {
    for (let at = 0; at < entries.length; at += 500) this.stream.put(entries.slice(at, at + 500));
  }

  async open(from?: Position, faults: FakeFaults = {}, fanOutFaults: FanOutFaults = {}): Promise<OpenReader> {
    const api = this.stream.api(faults);
    const { time } = this;
    const random = this.options.random ?? (() => 0.5);
    const warn = (fields: Record<string, unknown>, sentence: string) =>
      this.warnings.push({ ...fields, sentence });
    const assigner = new SingleWorkerAssigner(
      {
        from,
        initial: this.options.initial ?? { kind: 'TRIM_HORIZON' },
        shardSyncMs: this.options.shardSyncMs ?? 60_000,
      },
      { api, clock: time, timers: this.#timers, warn },
    );
    const ports = { clock: time, timers: this.#timers, random };
    let source: RecordSource = new PollingSource({ api, ...ports });
    if (this.options.fanOut === true) {
      const fanOutApi = Object.assign(this.stream.fanOut(fanOutFaults), {
        listShards: () => api.listShards(),
      });
      source = await FanOutSource.open('sluice', { api: fanOutApi, ...ports });
    }
    const options: KinesisReaderOptions = {
      streamName: this.stream.name,
      bufferBytes: this.options.bufferBytes ?? 64 * MIB,
      maxConcurrentFetches: this.options.maxConcurrentFetches ?? 8,
    };
    const reader = await KinesisReader.open(options, {
      source,
      assigner,
      clock: time,
      timers: this.#timers,
      warn,
    });
    return { reader, assigner, api };
  }

  /** Lets virtual time pass until the promise has settled. */
  async run<T>(promise: Promise<T>, limitMs?: number): Promise<T> {
    let isSettled = false;
    const settle = () => {
      isSettled = true;
    };
    promise.then(settle, settle);
    await this.time.until(() => isSettled, limitMs);
    return promise;
  }

  next(reader: KinesisReader, limits: Partial<ReadLimits> = {}): Promise<RecordBatch | undefined> {
    return this.run(reader.next({ ...ALL_AT_ONCE, ...limits }, new AbortController().signal));
  }

  /** Batches until `records` have come, or for ever. */
  async read(
    reader: KinesisReader,
    records: number,
    limits: Partial<ReadLimits> = {},
  ): Promise<RecordBatch[]> {
    const batches: RecordBatch[] = [];
    for (let left = records; left > 0; ) {
      const batch = (await this.next(reader, limits))!;
      batches.push(batch);
      for (const part of batch.parts) left -= part.records.length;
    }
    return batches;
  }
}

export function payloads(batches: readonly (RecordBatch | undefined)[]): string[] {
  return batches.flatMap((batch) =>
    (batch?.parts ?? []).flatMap((part) => part.records.map(({ payload }) => payload.toString())),
  );
}

export const range = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, n) => String(from + n));
