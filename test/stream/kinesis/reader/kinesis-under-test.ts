import { expect } from 'vitest';
import { SystemClock } from '../../../../src/lib/clock.js';
import { scheduleOnTimer } from '../../../../src/lib/timers.js';
import { AggregateBuilder } from '../../../../src/stream/kinesis/aggregation/aggregate-builder.js';
import { HashKeyBuckets } from '../../../../src/stream/kinesis/aggregation/hash-key-buckets.js';
import type { KinesisApi, PutEntry } from '../../../../src/stream/kinesis/kinesis-api.js';
import { KinesisReader } from '../../../../src/stream/kinesis/reader/kinesis-reader.js';
import { PollingSource } from '../../../../src/stream/kinesis/reader/polling-source.js';
import type { RecordSource } from '../../../../src/stream/kinesis/reader/record-source.js';
import { SingleWorkerAssigner } from '../../../../src/stream/kinesis/reader/single-worker-assigner.js';
import { recordEncoder } from '../../../../src/stream/kinesis/records/cloud-event-encoder.js';
import type { Position, StreamRecord } from '../../../../src/stream/stream.js';
import type { StreamUnderTest } from '../../../contract/stream-contract.js';

export interface KinesisStreamOptions {
  readonly streamName: string;
  readonly api: KinesisApi;
  /** Absent: polling. */
  readonly source?: (deps: ConstructorParameters<typeof PollingSource>[0]) => Promise<RecordSource>;
  readonly stop?: () => Promise<void>;
}

const AGGREGATED_BYTES = 20_000;
const AGGREGATE_BYTES = 24_000;

/** A stream of Kinesis with readers in real time; it is written to plain and aggregated alternately. */
export class KinesisStreamUnderTest implements StreamUnderTest {
  readonly inOneOrder = false;
  readonly warnings: string[] = [];
  readonly #options: KinesisStreamOptions;
  readonly #encode = recordEncoder('cloudevents', 'gateway');
  readonly #buckets = new HashKeyBuckets(16);
  readonly #readers: KinesisReader[] = [];

  constructor(options: KinesisStreamOptions) {
    this.#options = options;
  }

  /** One entry a bucket and call, in order: PutRecords itself promises none. */
  async append(records: readonly StreamRecord[]): Promise<void> {
    const lanes = [...this.#entriesByBucket(records).values()];
    for (let round = 0; ; round += 1) {
      const entries = lanes.flatMap((lane) => lane[round] ?? []);
      if (entries.length === 0) return;
      for (const result of await this.#options.api.putRecords(entries)) expect(result.ok).toBe(true);
    }
  }

  async reader(from?: Position): Promise<KinesisReader> {
    const clock = new SystemClock();
    const deps = { api: this.#options.api, clock, timers: scheduleOnTimer };
    const warn = (fields: Record<string, unknown>, sentence: string) => {
      this.warnings.push(`${sentence} ${JSON.stringify(fields)}`);
    };
    const polling = { ...deps, random: Math.random };
    const reader = await KinesisReader.open(
      { streamName: this.#options.streamName, bufferBytes: 64 << 20, maxConcurrentFetches: 8 },
      {
        ...deps,
        warn,
        source: (await this.#options.source?.(polling)) ?? new PollingSource(polling),
        assigner: new SingleWorkerAssigner(
          {
            from,
            initial: { kind: 'TRIM_HORIZON' },
            shardSyncMs: 60_000,
          },
          { ...deps, warn },
        ),
      },
    );
    this.#readers.push(reader);
    return reader;
  }

  async close(): Promise<void> {
    expect(this.warnings).toEqual([]);
    for (const reader of this.#readers)
      expect(reader.counters()).toMatchObject({ gaps: 0, failures: 0, bufferedBytes: 0 });
    this.#options.api.close();
    await this.#options.stop?.();
  }

  #entriesByBucket(records: readonly StreamRecord[]): Map<number, PutEntry[]> {
    const lanes = new Map<number, PutEntry[]>();
    const builders = new Map<number, AggregateBuilder>();
    const entriesOf = (bucket: number) => {
      const entries = lanes.get(bucket) ?? [];
      lanes.set(bucket, entries);
      return entries;
    };
    const finish = (bucket: number) => {
      const builder = builders.get(bucket);
      builders.delete(bucket);
      if (builder === undefined) return;
      entriesOf(bucket).push({
        data: builder.build(),
        partitionKey: builder.partitionKey,
        explicitHashKey: this.#buckets.explicitHashKey(bucket),
      });
    };
    for (const [at, record] of records.entries()) {
      const bucket = this.#buckets.bucketOf(record.clientId);
      const explicitHashKey = this.#buckets.explicitHashKey(bucket);
      const bytes = this.#encode(record);
      if (at % 5 === 0 || bytes.length > AGGREGATED_BYTES) {
        finish(bucket);
        entriesOf(bucket).push({ data: bytes, partitionKey: record.clientId, explicitHashKey });
        continue;
      }
      const builder = builders.get(bucket) ?? new AggregateBuilder(explicitHashKey, AGGREGATE_BYTES);
      builders.set(bucket, builder);
      if (builder.add(record.clientId, bytes)) continue;
      finish(bucket);
      const next = new AggregateBuilder(explicitHashKey, AGGREGATE_BYTES);
      next.add(record.clientId, bytes);
      builders.set(bucket, next);
    }
    for (const bucket of [...builders.keys()]) finish(bucket);
    return lanes;
  }
}
