import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { AwsKinesis, type AwsKinesisOptions } from '../../../../src/stream/kinesis/aws/aws-kinesis.js';
import type { PutEntry } from '../../../../src/stream/kinesis/kinesis-api.js';
import {
  type Answer,
  error,
  halfAnAnswer,
  json,
  ok,
  raw,
  reset,
  type ScriptedKinesis,
  scriptedKinesis,
  silence,
} from './scripted-kinesis.js';

const opened: { stop(): Promise<void> }[] = [];
afterEach(async () => {
  vi.unstubAllEnvs();
  for (const one of opened.splice(0)) await one.stop();
});

async function start(answers: Answer[], options: Partial<AwsKinesisOptions> = {}) {
  const server = await scriptedKinesis(...answers);
  const api = new AwsKinesis({ streamName: 'telemetry', endpoint: server.endpoint, ...options });
  opened.push({
    stop: async () => {
      api.close();
      await server.stop();
    },
  });
  return { api, server };
}

const shard = (shardId: string) => ({
  ShardId: shardId,
  HashKeyRange: { StartingHashKey: '0', EndingHashKey: '9' },
  SequenceNumberRange: { StartingSequenceNumber: '1' },
});
const noShards = ok({ Shards: [] });
const entry = (data: string): PutEntry => ({ data: Buffer.from(data), partitionKey: 'k' });
const unreachable = { code: 'KINESIS_UNREACHABLE', retryable: true };

describe('connections', () => {
  it('are kept: many calls one after the other use one', async () => {
    const { api, server } = await start([noShards]);
    for (let call = 0; call < 20; call += 1) await api.listShards();
    expect(server.requests).toHaveLength(20);
    expect(server.connections()).toBe(1);
  });

  it('are at most as many as maxSockets; further calls wait for one', async () => {
    const { api, server } = await start([noShards], { maxSockets: 3 });
    await Promise.all(Array.from({ length: 30 }, () => api.listShards()));
    expect(server.requests).toHaveLength(30);
    expect(server.connections()).toBe(3);
  });

  it('without an answer are given up after the time-out, and the next call has a new one', async () => {
    const { api, server } = await start([silence, noShards], { requestTimeoutMs: 80 });
    await expect(api.listShards()).rejects.toMatchObject({
      ...unreachable,
      message: expect.stringContaining('ListShards on stream telemetry'),
    });
    await expect(api.listShards()).resolves.toEqual([]);
    expect(server.requests.map((request) => request.connection)).toEqual([1, 2]);
  });

  it('that are waited for count towards the time-out of a call', async () => {
    const { api, server } = await start([silence], { requestTimeoutMs: 80, maxSockets: 1 });
    const calls = await Promise.allSettled([api.listShards(), api.listShards(), api.listShards()]);
    expect(calls.map((call) => call.status)).toEqual(['rejected', 'rejected', 'rejected']);
    // Over one connection they would all be sent, one after the other. One may be sent in the moment before its own time-out.
    expect(server.requests.length).toBeLessThan(3);
  });

  it('whose answer stops in the middle are given up too', async () => {
    const { api, server } = await start([halfAnAnswer, noShards], { requestTimeoutMs: 80 });
    await expect(api.listShards()).rejects.toMatchObject(unreachable);
    await expect(api.listShards()).resolves.toEqual([]);
    expect(server.requests.map((request) => request.connection)).toEqual([1, 2]);
  });

  it('that are reset in the middle of a call fail that call only', async () => {
    const { api, server } = await start([noShards, reset, noShards]);
    await api.listShards();
    await expect(api.listShards()).rejects.toMatchObject({
      ...unreachable,
      message: expect.stringContaining('ListShards on stream telemetry'),
    });
    await expect(api.listShards()).resolves.toEqual([]);
    expect(server.requests.map((request) => request.connection)).toEqual([1, 1, 2]);
  });

  it('to a server that is gone are refused, and made again when it is back', async () => {
    const { api, server } = await start([noShards]);
    await server.stop();
    await expect(api.listShards()).rejects.toMatchObject({
      ...unreachable,
      message: expect.stringContaining('ECONNREFUSED'),
    });
  });

  it('are cut by close: a call in flight rejects', async () => {
    const { api, server } = await start([silence]);
    const call = api.listShards();
    await vi.waitFor(() => expect(server.requests).toHaveLength(1));
    api.close();
    await expect(call).rejects.toMatchObject(unreachable);
    await expect(api.describeStream()).rejects.toMatchObject(unreachable);
    expect(server.requests).toHaveLength(1);
  });
});

it('tries each call once: whether to try again is the caller’s to decide', async () => {
  const { api, server } = await start([json(503, {})]);
  await expect(api.listShards()).rejects.toMatchObject(unreachable);
  await expect(api.putRecords([entry('a')])).rejects.toMatchObject(unreachable);
  expect(server.requests).toHaveLength(2);
});

describe('ListShards', () => {
  it('reads all pages, and names the stream only for the first', async () => {
    const { api, server } = await start([
      ok({ Shards: [shard('a')], NextToken: 'one' }),
      ok({ Shards: [shard('b')], NextToken: 'two' }),
      ok({ Shards: [shard('c')] }),
    ]);
    expect((await api.listShards()).map((one) => one.shardId)).toEqual(['a', 'b', 'c']);
    expect(server.requests.map((request) => request.body)).toEqual([
      { StreamName: 'telemetry' },
      { NextToken: 'one' },
      { NextToken: 'two' },
    ]);
  });

  it('begins again when the token of a page has expired, and then has each shard once', async () => {
    const { api } = await start([
      ok({ Shards: [shard('a')], NextToken: 'one' }),
      error('ExpiredNextTokenException', 'too old'),
      ok({ Shards: [shard('a')], NextToken: 'two' }),
      ok({ Shards: [shard('b')] }),
    ]);
    expect((await api.listShards()).map((one) => one.shardId)).toEqual(['a', 'b']);
  });

  it('gives up when the tokens always expire', async () => {
    const { api, server } = await start([error('ExpiredNextTokenException', 'too old')]);
    await expect(api.listShards()).rejects.toMatchObject(unreachable);
    expect(server.requests).toHaveLength(3);
  });
});

describe('PutRecords', () => {
  it('resolves with the outcome of each entry', async () => {
    const { api, server } = await start([
      ok({
        FailedRecordCount: 2,
        Records: [
          { SequenceNumber: '7', ShardId: 's' },
          { ErrorCode: 'ProvisionedThroughputExceededException', ErrorMessage: 'Rate exceeded' },
          { ErrorCode: 'InternalFailure', ErrorMessage: 'Internal service failure.' },
        ],
      }),
    ]);
    const results = await api.putRecords([
      entry('a'),
      { ...entry('b'), explicitHashKey: '340282366920938463463374607431768211455' },
      entry('c'),
    ]);
    expect(results).toEqual([
      { ok: true, sequenceNumber: '7', shardId: 's' },
      { ok: false, failure: 'throttled', message: 'ProvisionedThroughputExceededException: Rate exceeded' },
      { ok: false, failure: 'internal', message: 'InternalFailure: Internal service failure.' },
    ]);
    expect(server.requests[0]!.body).toEqual({
      StreamName: 'telemetry',
      Records: [
        { Data: 'YQ==', PartitionKey: 'k' },
        { Data: 'Yg==', PartitionKey: 'k', ExplicitHashKey: '340282366920938463463374607431768211455' },
        { Data: 'Yw==', PartitionKey: 'k' },
      ],
    });
  });

  it('does not guess when results are missing', async () => {
    const { api } = await start([ok({ Records: [{ SequenceNumber: '7', ShardId: 's' }] })]);
    await expect(api.putRecords([entry('a'), entry('b')])).rejects.toMatchObject({
      ...unreachable,
      message: 'PutRecords on stream telemetry: 1 results for 2 entries',
    });
  });

  it('rejects as a whole when an entry will never be taken', async () => {
    const { api } = await start([
      ok({
        FailedRecordCount: 1,
        Records: [
          { SequenceNumber: '7', ShardId: 's' },
          { ErrorCode: 'InvalidArgumentException', ErrorMessage: 'Record data size 1048577 exceeds' },
        ],
      }),
    ]);
    await expect(api.putRecords([entry('a'), entry('b')])).rejects.toMatchObject({
      code: 'KINESIS_REQUEST_REFUSED',
      message: expect.stringContaining('Record data size 1048577 exceeds'),
    });
  });

  it('does not send what is over its limits, and sends what just fits', async () => {
    const { api, server } = await start([ok({ Records: [] })]);
    const data = new Uint8Array(1024 * 1024 - 1);
    const five = Array.from({ length: 5 }, () => ({ data, partitionKey: 'k' }));
    const refused = { code: 'KINESIS_REQUEST_REFUSED' };
    await expect(api.putRecords([])).rejects.toMatchObject(refused);
    await expect(api.putRecords(Array.from({ length: 501 }, () => entry('')))).rejects.toMatchObject(refused);
    await expect(api.putRecords([...five, entry('')])).rejects.toMatchObject(refused);
    expect(server.requests).toHaveLength(0);
    await expect(api.putRecords(five)).rejects.toMatchObject(unreachable);
    expect(server.requests).toHaveLength(1);
  });
});

describe('answers that lack what they must have', () => {
  it('are not taken for the end of a shard, an empty stream or an iterator', async () => {
    const { api } = await start([ok({})]);
    await expect(api.getRecords('i', 10)).rejects.toMatchObject(unreachable);
    await expect(api.listShards()).rejects.toMatchObject(unreachable);
    await expect(api.describeStream()).rejects.toMatchObject(unreachable);
    await expect(api.shardIterator('s', { type: 'TRIM_HORIZON' })).rejects.toMatchObject(unreachable);
  });

  it.each<[string, Answer]>([
    ['200 with a page of some proxy', raw(200, 'text/html', '<html>Sign in</html>')],
    ['502 of a load balancer', raw(502, 'text/html', '<html>Bad gateway</html>')],
  ])('are unreachable: %s', async (_, answer) => {
    const { api } = await start([answer]);
    await expect(api.getRecords('i', 10)).rejects.toMatchObject(unreachable);
  });
});

it('sends the start of an iterator as Kinesis names it', async () => {
  const { api, server } = await start([ok({ ShardIterator: 'i' })]);
  await api.shardIterator('s', { type: 'TRIM_HORIZON' });
  await api.shardIterator('s', { type: 'AT_TIMESTAMP', timestampMs: 1_795_000_000_123 });
  await api.shardIterator('s', { type: 'AFTER_SEQUENCE_NUMBER', sequenceNumber: '49590338271490256608' });
  const common = { StreamName: 'telemetry', ShardId: 's' };
  expect(server.requests.map((request) => request.body)).toEqual([
    { ...common, ShardIteratorType: 'TRIM_HORIZON' },
    { ...common, ShardIteratorType: 'AT_TIMESTAMP', Timestamp: 1_795_000_000.123 },
    { ...common, ShardIteratorType: 'AFTER_SEQUENCE_NUMBER', StartingSequenceNumber: '49590338271490256608' },
  ]);
});

it('reads records, and children at the end of a shard', async () => {
  const { api } = await start([
    ok({
      Records: [
        {
          SequenceNumber: '7',
          PartitionKey: 'k',
          Data: 'YQ==',
          ApproximateArrivalTimestamp: 1_795_000_000.123,
        },
        { SequenceNumber: '8', Data: '' },
      ],
      MillisBehindLatest: 5,
      ChildShards: [{ ShardId: 'c', ParentShards: ['s'], HashKeyRange: {} }],
    }),
  ]);
  const page = await api.getRecords('i', 10);
  expect(page).toEqual({
    records: [
      {
        sequenceNumber: '7',
        partitionKey: 'k',
        data: Uint8Array.from([97]),
        arrivedAtMs: 1_795_000_000_123,
      },
      { sequenceNumber: '8', partitionKey: '', data: new Uint8Array(0), arrivedAtMs: 0 },
    ],
    millisBehindLatest: 5,
    childShards: ['c'],
  });
  expect(page.nextIterator).toBeUndefined();
});

it('describes a stream with all that newer ones tell', async () => {
  const { api } = await start([
    ok({
      StreamDescriptionSummary: {
        StreamARN: 'arn',
        StreamStatus: 'UPDATING',
        StreamModeDetails: { StreamMode: 'ON_DEMAND' },
        RecordDistributionStrategy: 'AUTO',
        OpenShardCount: 8,
        RetentionPeriodHours: 168,
        MaxRecordSizeInKiB: 10_240,
      },
    }),
  ]);
  expect(await api.describeStream()).toEqual({
    arn: 'arn',
    status: 'UPDATING',
    mode: 'ON_DEMAND',
    recordDistribution: 'AUTO',
    openShards: 8,
    retentionHours: 168,
    maxRecordBytes: 10 * 1024 * 1024,
  });
});

it('creates a stream on demand or with shards, and deletes it with its consumers', async () => {
  const { api, server } = await start([ok({})]);
  await api.createStream(undefined);
  await api.createStream(4);
  await api.deleteStream();
  expect(server.requests.map(({ call, body }) => [call, body])).toEqual([
    ['CreateStream', { StreamName: 'telemetry', StreamModeDetails: { StreamMode: 'ON_DEMAND' } }],
    ['CreateStream', { StreamName: 'telemetry', ShardCount: 4 }],
    ['DeleteStream', { StreamName: 'telemetry', EnforceConsumerDeletion: true }],
  ]);
});

describe('without region or credentials', () => {
  beforeEach(() => {
    for (const name of ['AWS_REGION', 'AWS_DEFAULT_REGION', 'AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY']) {
      vi.stubEnv(name, undefined);
    }
    vi.stubEnv('AWS_PROFILE', undefined);
    vi.stubEnv('AWS_CONFIG_FILE', '/nonexistent');
    vi.stubEnv('AWS_SHARED_CREDENTIALS_FILE', '/nonexistent');
    vi.stubEnv('AWS_EC2_METADATA_DISABLED', 'true');
  });

  // 192.0.2.0/24 is for documentation: no host answers there.
  const elsewhere = 'http://192.0.2.1:4568';

  it('a Kinesis on loopback just works', async () => {
    const { api } = await start([noShards]);
    await expect(api.listShards()).resolves.toEqual([]);
  });

  it('reports that the region is missing, and not a problem of the records', async () => {
    const api = new AwsKinesis({ streamName: 'telemetry', endpoint: elsewhere });
    await expect(api.putRecords([entry('a')])).rejects.toMatchObject({
      code: 'KINESIS_DENIED',
      message: expect.stringMatching(/Region is missing.*; set stream\.kinesis\.region or AWS_REGION$/),
    });
    api.close();
  });

  it('reports that the credentials are missing', async () => {
    const api = new AwsKinesis({ streamName: 'telemetry', endpoint: elsewhere, region: 'eu-west-1' });
    await expect(api.putRecords([entry('a')])).rejects.toMatchObject({
      code: 'KINESIS_DENIED',
      message: expect.stringContaining('the AWS credentials are missing'),
    });
    api.close();
  });
});

describe('the probe of permissions', () => {
  const listing: Answer = (response, request) => {
    const body: Record<string, unknown> = {
      ListShards: { Shards: [shard('s')] },
      GetShardIterator: { ShardIterator: 'i' },
    };
    ok(body[request.call] ?? { Records: [] })(response, request);
  };
  const asked = (server: ScriptedKinesis) => server.requests.map((request) => request.call);

  it('stores nothing in a stand-in, which does not know DryRun', async () => {
    const { api, server } = await start([listing]);
    await api.probe('write');
    await api.probe('read');
    expect(asked(server)).toEqual(['ListShards', 'GetShardIterator']);
  });

  it('stores nothing in a stand-in that only the environment names', async () => {
    const { server } = await start([listing]);
    vi.stubEnv('AWS_ENDPOINT_URL_KINESIS', server.endpoint);
    vi.stubEnv('AWS_ACCESS_KEY_ID', 'x');
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'y');
    const api = new AwsKinesis({ streamName: 'telemetry', region: 'eu-west-1' });
    await api.probe('write');
    expect(asked(server)).toEqual([]);
    await expect(api.listShards()).resolves.toHaveLength(1);
    api.close();
  });
});
