import { afterEach, describe, expect, it } from 'vitest';
import { AwsFanOut, type AwsFanOutOptions } from '../../../../src/stream/kinesis/aws/fan-out.js';
import type { FanOutPage } from '../../../../src/stream/kinesis/kinesis-api.js';
import { exceptionFrame, pageFrame } from './pushed-frames.js';
import { pushingKinesis, type Subscription } from './pushing-kinesis.js';
import { type Answer, error, ok, scriptedKinesis } from './scripted-kinesis.js';

const opened: { stop(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of opened.splice(0)) await one.stop();
});

async function pushing(
  push: (subscription: Subscription) => void,
  options: Partial<AwsFanOutOptions> = {},
  begins?: Parameters<typeof pushingKinesis>[1],
) {
  const server = await pushingKinesis(push, begins);
  const fanOut = new AwsFanOut({
    streamName: 'telemetry',
    endpoint: server.endpoint,
    http: 'h2',
    ...options,
  });
  opened.push({
    stop: async () => {
      fanOut.close();
      await server.stop();
    },
  });
  return { fanOut, server };
}

const record = (sequenceNumber: string) => ({
  SequenceNumber: sequenceNumber,
  PartitionKey: 'k',
  Data: 'YQ==',
  ApproximateArrivalTimestamp: 1_795_000_000.5,
});
const page = (sequenceNumber: string) => ({
  Records: [record(sequenceNumber)],
  ContinuationSequenceNumber: sequenceNumber,
  MillisBehindLatest: 3,
});
const HORIZON = { type: 'TRIM_HORIZON' } as const;

async function collect(pages: AsyncIterable<FanOutPage>): Promise<FanOutPage[]> {
  const collected: FanOutPage[] = [];
  for await (const one of pages) collected.push(one);
  return collected;
}

describe('a subscription', () => {
  const signal = new AbortController().signal;

  it('gives the pages until Kinesis ends it', async () => {
    const { fanOut, server } = await pushing(({ stream }) => {
      stream.write(pageFrame(page('7')));
      stream.write(pageFrame({ Records: [], ContinuationSequenceNumber: '9', MillisBehindLatest: 0 }));
      stream.end();
    });
    const start = { type: 'AFTER_SEQUENCE_NUMBER', sequenceNumber: '5' } as const;
    expect(await collect(fanOut.subscribe('consumer', 's', start, signal))).toEqual([
      {
        records: [
          { sequenceNumber: '7', partitionKey: 'k', data: Uint8Array.of(97), arrivedAtMs: 1_795_000_000_500 },
        ],
        continuation: '7',
        millisBehindLatest: 3,
        childShards: [],
      },
      { records: [], continuation: '9', millisBehindLatest: 0, childShards: [] },
    ]);
    expect(server.subscriptions.map((one) => one.body)).toEqual([
      {
        ConsumerARN: 'consumer',
        ShardId: 's',
        StartingPosition: { Type: 'AFTER_SEQUENCE_NUMBER', SequenceNumber: '5' },
      },
    ]);
  });

  it('ends with the shard, whose last page names the children, though the connection stays', async () => {
    const { fanOut, server } = await pushing(({ stream }) => {
      const children = [{ ShardId: 'a', ParentShards: ['s'] }];
      stream.write(pageFrame({ Records: [record('7')], MillisBehindLatest: 0, ChildShards: children }));
    });
    const [last, ...more] = await collect(fanOut.subscribe('consumer', 's', HORIZON, signal));
    expect(more).toEqual([]);
    expect(last).toMatchObject({ childShards: ['a'], records: [{ sequenceNumber: '7' }] });
    expect(last?.continuation).toBeUndefined();
    await server.subscriptions[0]!.gone;
  });

  it('ends without an error when the signal aborts, and leaves no connection', async () => {
    const { fanOut, server } = await pushing(({ stream }) => stream.write(pageFrame(page('7'))));
    const stop = new AbortController();
    const seen: FanOutPage[] = [];
    for await (const one of fanOut.subscribe('consumer', 's', HORIZON, stop.signal)) {
      seen.push(one);
      stop.abort();
    }
    expect(seen).toHaveLength(1);
    await server.subscriptions[0]!.gone;
  });

  it('ends without an error when the signal aborts before the answer begins', async () => {
    const stop = new AbortController();
    const { fanOut, server } = await pushing(
      () => {},
      {},
      () => {
        stop.abort();
        return false;
      },
    );
    expect(await collect(fanOut.subscribe('consumer', 's', HORIZON, stop.signal))).toEqual([]);
    await server.subscriptions[0]!.gone;
  });

  it('leaves no connection when the reader leaves', async () => {
    const { fanOut, server } = await pushing(({ stream }) => {
      stream.write(pageFrame(page('7')));
      stream.write(pageFrame(page('8')));
    });
    for await (const one of fanOut.subscribe('consumer', 's', HORIZON, signal)) {
      expect(one.continuation).toBe('7');
      break;
    }
    await server.subscriptions[0]!.gone;
  });

  it('that brings nothing for the idle time is unreachable', async () => {
    const { fanOut, server } = await pushing(() => {}, { idleTimeoutMs: 60 });
    await expect(collect(fanOut.subscribe('consumer', 's', HORIZON, signal))).rejects.toMatchObject({
      code: 'KINESIS_UNREACHABLE',
      message: 'SubscribeToShard on stream telemetry: nothing for 60 ms',
    });
    await server.subscriptions[0]!.gone;
  });

  it('is not idle while the reader holds it back', async () => {
    const { fanOut } = await pushing(
      ({ stream }) => {
        stream.write(pageFrame(page('7')));
        stream.end(pageFrame(page('8')));
      },
      { idleTimeoutMs: 60 },
    );
    const seen: (string | undefined)[] = [];
    for await (const one of fanOut.subscribe('consumer', 's', HORIZON, signal)) {
      seen.push(one.continuation);
      // Longer than the idle time: that is what is tested.
      await new Promise((resolve) => setTimeout(resolve, 150));
    }
    expect(seen).toEqual(['7', '8']);
  });

  it('whose answer does not begin is unreachable', async () => {
    const { fanOut } = await pushing(
      () => {},
      { requestTimeoutMs: 40, connectTimeoutMs: 20 },
      () => false,
    );
    await expect(collect(fanOut.subscribe('consumer', 's', HORIZON, signal))).rejects.toMatchObject({
      code: 'KINESIS_UNREACHABLE',
    });
  });

  it.each([
    ['between two pages', 0],
    ['in the middle of a page', 40],
  ])('whose connection breaks %s is over, with its whole pages given', async (_, bytes) => {
    const { fanOut, server } = await pushing(({ stream }) => {
      stream.write(pageFrame(page('7')));
      stream.write(pageFrame(page('8')).subarray(0, bytes));
    });
    const seen: (string | undefined)[] = [];
    const run = async () => {
      for await (const one of fanOut.subscribe('consumer', 's', HORIZON, signal)) {
        seen.push(one.continuation);
        server.subscriptions[0]!.reset();
      }
    };
    // The SDK ends it, as it does after 5 minutes, or rejects: both mean to subscribe again behind page 7.
    await run().catch((thrown: unknown) => expect(thrown).toMatchObject({ code: 'KINESIS_UNREACHABLE' }));
    expect(seen).toEqual(['7']);
  });

  it.each([
    ['ResourceInUseException', 'KINESIS_STREAM_BUSY'],
    ['ResourceNotFoundException', 'KINESIS_STREAM_MISSING'],
    ['KMSAccessDeniedException', 'KINESIS_DENIED'],
    ['InternalFailureException', 'KINESIS_UNREACHABLE'],
    ['SomethingNewException', 'KINESIS_UNREACHABLE'],
  ])('that is ended by %s rejects with %s, after the pages before it', async (name, code) => {
    const { fanOut } = await pushing(({ stream }) => {
      stream.write(pageFrame(page('7')));
      stream.end(exceptionFrame(name, 'words'));
    });
    const seen: FanOutPage[] = [];
    const run = async () => {
      for await (const one of fanOut.subscribe('consumer', 's', HORIZON, signal)) seen.push(one);
    };
    await expect(run()).rejects.toMatchObject({ code });
    expect(seen).toHaveLength(1);
  });
});

describe('a consumer', () => {
  const described = ok({ StreamDescriptionSummary: { StreamARN: 'arn:stream' } });
  const consumer = (status: string) => ({ ConsumerName: 'c', ConsumerARN: 'arn:c', ConsumerStatus: status });
  const missing = error('ResourceNotFoundException', 'no consumer');

  async function register(...answers: Answer[]) {
    const server = await scriptedKinesis(described, ...answers);
    const fanOut = new AwsFanOut({
      streamName: 'telemetry',
      endpoint: server.endpoint,
      registrationPollMs: 1,
    });
    opened.push({
      stop: async () => {
        fanOut.close();
        await server.stop();
      },
    });
    return { arn: await fanOut.registerConsumer('c'), calls: server.requests.map((request) => request.call) };
  }

  it('is found when it is registered', async () => {
    const { arn, calls } = await register(ok({ ConsumerDescription: consumer('ACTIVE') }));
    expect(arn).toBe('arn:c');
    expect(calls).toEqual(['DescribeStreamSummary', 'DescribeStreamConsumer']);
  });

  it('is registered when it is missing, and waited for', async () => {
    const { arn, calls } = await register(
      missing,
      ok({ Consumer: consumer('CREATING') }),
      ok({ ConsumerDescription: consumer('CREATING') }),
      ok({ ConsumerDescription: consumer('ACTIVE') }),
    );
    expect(arn).toBe('arn:c');
    expect(calls.slice(1)).toEqual([
      'DescribeStreamConsumer',
      'RegisterStreamConsumer',
      'DescribeStreamConsumer',
      'DescribeStreamConsumer',
    ]);
  });

  it('that another process has just registered is taken', async () => {
    const { arn } = await register(
      missing,
      error('ResourceInUseException', 'exists'),
      ok({ ConsumerDescription: consumer('ACTIVE') }),
    );
    expect(arn).toBe('arn:c');
  });

  it('that may not be registered rejects with the permission that is missing', async () => {
    await expect(register(missing, error('AccessDeniedException', 'no'))).rejects.toMatchObject({
      code: 'KINESIS_DENIED',
      message: expect.stringContaining('kinesis:RegisterStreamConsumer'),
    });
  });

  it('that never gets ACTIVE is busy', async () => {
    await expect(register(ok({ ConsumerDescription: consumer('DELETING') }))).rejects.toMatchObject({
      code: 'KINESIS_STREAM_BUSY',
    });
  });
});
