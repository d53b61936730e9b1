import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AwsKinesis } from '../../../../src/stream/kinesis/aws/aws-kinesis.js';
import { AwsFanOut } from '../../../../src/stream/kinesis/aws/fan-out.js';
import { FanOutSource } from '../../../../src/stream/kinesis/reader/fan-out-source.js';
import { SingleWorkerAssigner } from '../../../../src/stream/kinesis/reader/single-worker-assigner.js';
import type { Position, ReadLimits, StreamReader, StreamRecord } from '../../../../src/stream/stream.js';
import {
  createTestStream,
  mergeShards,
  type StandIn,
  splitShard,
  startKinesalite,
  startKinesisLocal,
  TEST_REGION,
} from '../../../support/kinesis-servers.js';
import { testRecord } from '../../../support/log-fixture.js';
import { KinesisStreamUnderTest } from './kinesis-under-test.js';

const LIMITS: ReadLimits = { maxRecords: 23, maxBytes: 1 << 20, lingerMs: 0, whenEmpty: 'wait' };
const shardId = (n: number) => `shardId-${String(n).padStart(12, '0')}`;
const records = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, n) => testRecord(from + n));

interface ReadSoFar {
  readonly records: StreamRecord[];
  position: Position;
}

async function readTo(reader: StreamReader, soFar: ReadSoFar, count: number): Promise<void> {
  while (soFar.records.length < count) {
    const batch = (await reader.next(LIMITS, AbortSignal.timeout(30_000)))!;
    soFar.records.push(...batch.parts.flatMap((part) => part.records));
    soFar.position = batch.position;
    expect(SingleWorkerAssigner.recordsAt(batch.position)).toBe(soFar.records.length);
  }
}

function byClient(all: readonly StreamRecord[]): Record<string, bigint[]> {
  const clients: Record<string, bigint[]> = {};
  for (const { clientId, receivedAtNs } of all) {
    clients[clientId] ??= [];
    clients[clientId]!.push(receivedAtNs);
  }
  return clients;
}

async function openStream(
  endpoint: string,
  streamName: string,
  isPushed = false,
): Promise<KinesisStreamUnderTest> {
  await createTestStream(endpoint, streamName, 1);
  const options = { streamName, endpoint, region: TEST_REGION };
  const api = new AwsKinesis(options);
  if (!isPushed) return new KinesisStreamUnderTest({ streamName, api });
  const fanOut = Object.assign(new AwsFanOut(options), { listShards: () => api.listShards() });
  return new KinesisStreamUnderTest({
    streamName,
    api,
    source: (deps) => FanOutSource.open('reader', { ...deps, api: fanOut }),
    stop: async () => fanOut.close(),
  });
}

describe.each([
  ['kinesalite', startKinesalite],
  ['kinesis-local', startKinesisLocal],
] as const)('on %s', (_name, start) => {
  let server: StandIn;
  beforeAll(async () => {
    server = await start();
  });
  afterAll(async () => {
    await server?.stop();
  });

  it('reads on through a split and a merge, and after a restart between them', async () => {
    const { endpoint } = server;
    const stream = await openStream(endpoint, 'reshard');
    const soFar: ReadSoFar = { records: [], position: '' };
    await stream.append(records(0, 60));
    const first = await stream.reader();
    await readTo(first, soFar, 30);
    await splitShard(endpoint, 'reshard', shardId(0), 1n << 127n);
    await stream.append(records(60, 120));
    await readTo(first, soFar, 80);
    await first.close();

    const second = await stream.reader(soFar.position);
    await mergeShards(endpoint, 'reshard', shardId(1), shardId(2));
    await stream.append(records(120, 180));
    await readTo(second, soFar, 180);
    expect(byClient(soFar.records)).toEqual(byClient(records(0, 180)));
    expect(second.shards().map((shard) => shard.shardId)).toContain(shardId(3));
    await second.close();
    await stream.close();
  });
});

describe('on kinesis-local with fan-out', () => {
  it('reads what is pushed, each record once', async () => {
    const server = await startKinesisLocal();
    try {
      const stream = await openStream(server.endpoint, 'pushed', true);
      const soFar: ReadSoFar = { records: [], position: '' };
      const reader = await stream.reader();
      await stream.append(records(0, 100));
      await readTo(reader, soFar, 100);
      await stream.append(records(100, 200));
      await readTo(reader, soFar, 200);
      expect(byClient(soFar.records)).toEqual(byClient(records(0, 200)));
      await reader.close();
      await stream.close();
    } finally {
      await server.stop();
    }
  });
});
