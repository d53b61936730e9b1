import { describe, expect, it } from 'vitest';
import { SystemClock } from '../../../../src/lib/clock.js';
import { scheduleOnTimer } from '../../../../src/lib/timers.js';
import { AggregateBuilder } from '../../../../src/stream/kinesis/aggregation/aggregate-builder.js';
import type { KinesisApi, KinesisRecord } from '../../../../src/stream/kinesis/kinesis-api.js';
import { KinesisReader } from '../../../../src/stream/kinesis/reader/kinesis-reader.js';
import { PollingSource } from '../../../../src/stream/kinesis/reader/polling-source.js';
import { SingleWorkerAssigner } from '../../../../src/stream/kinesis/reader/single-worker-assigner.js';
import { recordEncoder } from '../../../../src/stream/kinesis/records/cloud-event-encoder.js';
import { testRecord } from '../../../support/log-fixture.js';

const SHARDS = 4;
const RECORDS = 3_000_000;
const PAGE_AGGREGATES = 100;
const AGGREGATE_BYTES = 24_950;
const PAYLOAD = Buffer.from(
  '{"timestamp":1795000000000,"temperature":23.25,"humidity":41.5,"battery":3.01,"status":"ok"}',
);

/** Answers at once, with pages full of aggregated CloudEvents. */
function endlessApi(): Pick<KinesisApi, 'listShards' | 'shardIterator' | 'getRecords'> {
  const encode = recordEncoder('cloudevents', 'gateway');
  const builder = new AggregateBuilder('1', AGGREGATE_BYTES);
  for (let n = 0; ; n += 1) {
    const record = { ...testRecord(n), payload: PAYLOAD };
    if (!builder.add(record.clientId, encode(record))) break;
  }
  const data = builder.build();
  let sequence = 10n ** 55n;
  return {
    listShards: async () =>
      Array.from({ length: SHARDS }, (_, n) => ({
        shardId: `shardId-${n}`,
        startingHashKey: '0',
        endingHashKey: '0',
        startingSequenceNumber: '0',
      })),
    shardIterator: async (shardId) => shardId,
    getRecords: async (iterator) => {
      const records: KinesisRecord[] = [];
      for (let n = 0; n < PAGE_AGGREGATES; n += 1) {
        sequence += 1n;
        // A new buffer each, as from the network.
        records.push({
          sequenceNumber: String(sequence),
          partitionKey: 'd',
          data: Buffer.from(data),
          arrivedAtMs: 1,
        });
      }
      return { records, nextIterator: iterator, millisBehindLatest: 1_000, childShards: [] };
    },
  };
}

/** A measurement, not a test of every run: `SLUICE_SPEED=1 npx vitest run test/stream/kinesis/reader/reader-speed`. */
describe.runIf(process.env.SLUICE_SPEED !== undefined)('the speed of reading', () => {
  it('is at least 200,000 user records a second of processor time', async () => {
    const clock = new SystemClock();
    const api = endlessApi();
    const deps = { api, clock, timers: scheduleOnTimer, warn: () => {} };
    const unlimited = { callsPerSecond: Number.POSITIVE_INFINITY, bytesPerSecond: Number.POSITIVE_INFINITY };
    const reader = await KinesisReader.open(
      { streamName: 'telemetry', bufferBytes: 64 << 20, maxConcurrentFetches: 16 },
      {
        ...deps,
        source: new PollingSource({ ...deps, random: Math.random }, unlimited),
        assigner: new SingleWorkerAssigner({ initial: { kind: 'TRIM_HORIZON' }, shardSyncMs: 60_000 }, deps),
      },
    );
    const limits = { maxRecords: 5_000, maxBytes: 8 << 20, lingerMs: 50, whenEmpty: 'wait' } as const;
    const begunMs = clock.monotonicMs();
    const begunCpu = process.cpuUsage();
    let read = 0;
    while (read < RECORDS) {
      const batch = await reader.next(limits, new AbortController().signal);
      for (const part of batch!.parts) read += part.records.length;
    }
    const seconds = (clock.monotonicMs() - begunMs) / 1_000;
    const cpu = process.cpuUsage(begunCpu);
    const cpuSeconds = (cpu.user + cpu.system) / 1e6;
    await reader.close();
    const perCpuSecond = read / cpuSeconds;
    console.log(`user records: ${Math.round(read / seconds)}/s, ${Math.round(perCpuSecond)} a CPU second`);
    // Of processor time: others may be using the machine, too.
    expect(perCpuSecond).toBeGreaterThan(200_000);
  });
});
