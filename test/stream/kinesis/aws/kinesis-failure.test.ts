import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SluiceError } from '../../../../src/lib/errors.js';
import { AwsKinesis } from '../../../../src/stream/kinesis/aws/aws-kinesis.js';
import { type KinesisCall, kinesisFailure } from '../../../../src/stream/kinesis/aws/kinesis-failure.js';
import { type Answer, error, raw, type ScriptedKinesis, scriptedKinesis } from './scripted-kinesis.js';

const failed = { call: 'PutRecords', streamName: 'telemetry' } as const;

describe('what Kinesis answers', () => {
  let server: ScriptedKinesis;
  let api: AwsKinesis;
  let answer: Answer;
  beforeAll(async () => {
    server = await scriptedKinesis((response, request) => answer(response, request));
    api = new AwsKinesis({ streamName: 'telemetry', endpoint: server.endpoint });
  });
  afterAll(async () => {
    api.close();
    await server.stop();
  });

  async function code(given: Answer): Promise<string> {
    answer = given;
    const thrown = await api.describeStream().then(
      () => undefined,
      (reason: unknown) => reason,
    );
    if (!(thrown instanceof SluiceError)) throw new Error(`not a SluiceError: ${String(thrown)}`);
    expect(thrown.message).toMatch(/^DescribeStreamSummary on stream telemetry: /);
    return thrown.code;
  }

  it.each<[code: string, name: string, status: number]>([
    ['KINESIS_THROTTLED', 'ProvisionedThroughputExceededException', 400],
    ['KINESIS_THROTTLED', 'LimitExceededException', 400],
    ['KINESIS_THROTTLED', 'KMSThrottlingException', 400],
    ['KINESIS_THROTTLED', 'Throttling', 400],
    ['KINESIS_THROTTLED', 'ThrottlingException', 400],
    ['KINESIS_THROTTLED', 'ThrottledException', 400],
    ['KINESIS_THROTTLED', 'RequestThrottled', 400],
    ['KINESIS_THROTTLED', 'RequestThrottledException', 400],
    ['KINESIS_THROTTLED', 'RequestLimitExceeded', 400],
    ['KINESIS_THROTTLED', 'TooManyRequestsException', 429],
    ['KINESIS_THROTTLED', 'SlowDown', 503],
    ['KINESIS_UNREACHABLE', 'InternalFailure', 500],
    ['KINESIS_UNREACHABLE', 'InternalFailureException', 400],
    ['KINESIS_UNREACHABLE', 'InternalServerError', 400],
    ['KINESIS_UNREACHABLE', 'ServiceUnavailable', 400],
    ['KINESIS_UNREACHABLE', 'ServiceUnavailableException', 400],
    ['KINESIS_UNREACHABLE', 'RequestTimeout', 400],
    ['KINESIS_UNREACHABLE', 'RequestTimeoutException', 400],
    ['KINESIS_UNREACHABLE', 'ExpiredNextTokenException', 400],
    ['KINESIS_STREAM_BUSY', 'ResourceInUseException', 400],
    ['KINESIS_STREAM_MISSING', 'ResourceNotFoundException', 400],
    ['KINESIS_ITERATOR_EXPIRED', 'ExpiredIteratorException', 400],
    ['KINESIS_DENIED', 'AccessDeniedException', 400],
    ['KINESIS_DENIED', 'AccessDenied', 400],
    ['KINESIS_DENIED', 'NotAuthorized', 400],
    ['KINESIS_DENIED', 'UnauthorizedOperation', 400],
    ['KINESIS_DENIED', 'KMSAccessDeniedException', 400],
    ['KINESIS_DENIED', 'KMSDisabledException', 400],
    ['KINESIS_DENIED', 'KMSInvalidStateException', 400],
    ['KINESIS_DENIED', 'KMSNotFoundException', 400],
    ['KINESIS_DENIED', 'KMSOptInRequired', 400],
    ['KINESIS_DENIED', 'UnrecognizedClientException', 400],
    ['KINESIS_DENIED', 'InvalidClientTokenId', 403],
    ['KINESIS_DENIED', 'InvalidSignatureException', 400],
    ['KINESIS_DENIED', 'SignatureDoesNotMatch', 403],
    ['KINESIS_DENIED', 'IncompleteSignature', 400],
    ['KINESIS_DENIED', 'IncompleteSignatureException', 400],
    ['KINESIS_DENIED', 'MissingAuthenticationToken', 403],
    ['KINESIS_DENIED', 'MissingAuthenticationTokenException', 400],
    ['KINESIS_DENIED', 'ExpiredToken', 400],
    ['KINESIS_DENIED', 'ExpiredTokenException', 400],
    ['KINESIS_DENIED', 'RequestExpired', 400],
    ['KINESIS_DENIED', 'OptInRequired', 403],
    ['KINESIS_DENIED', 'SubscriptionRequiredException', 400],
    ['KINESIS_DENIED', 'UnknownOperationException', 400],
    ['KINESIS_REQUEST_REFUSED', 'InvalidArgumentException', 400],
    ['KINESIS_REQUEST_REFUSED', 'ValidationException', 400],
    ['KINESIS_REQUEST_REFUSED', 'SerializationException', 400],
    ['KINESIS_UNREACHABLE', 'SomethingNewException', 500],
    ['KINESIS_DENIED', 'SomethingNewException', 400],
  ])('%s: %s with %i', async (expected, name, status) => {
    expect(await code(error(name, 'because', status))).toBe(expected);
  });

  it.each<[code: string, status: number]>([
    ['KINESIS_UNREACHABLE', 500],
    ['KINESIS_UNREACHABLE', 502],
    ['KINESIS_UNREACHABLE', 503],
    ['KINESIS_UNREACHABLE', 504],
    ['KINESIS_UNREACHABLE', 408],
    ['KINESIS_THROTTLED', 429],
    ['KINESIS_REQUEST_REFUSED', 413],
    ['KINESIS_DENIED', 400],
    ['KINESIS_DENIED', 401],
    ['KINESIS_DENIED', 403],
    ['KINESIS_DENIED', 404],
    ['KINESIS_DENIED', 405],
  ])('%s: %i with the page of some other server', async (expected, status) => {
    expect(await code(raw(status, 'text/html', '<html>no</html>'))).toBe(expected);
  });

  it('never refuses the request for what a wrong set-up causes: its records would be parked', async () => {
    for (const status of [400, 401, 403, 404, 405]) {
      expect(await code(error('SomethingNewException', 'because', status))).not.toBe(
        'KINESIS_REQUEST_REFUSED',
      );
    }
  });

  it('tries again after a wrong clock, once the SDK has the right time from the answer', async () => {
    const twoHoursAhead = new Date(Date.now() + 7_200_000).toUTCString();
    expect(
      await code((response) => {
        response.setHeader('date', twoHoursAhead);
        error('InvalidSignatureException', 'Signature expired')(response, undefined as never);
      }),
    ).toBe('KINESIS_UNREACHABLE');
  });
});

describe('what the network does', () => {
  it.each([
    'ENOTFOUND',
    'EAI_AGAIN',
    'ECONNREFUSED',
    'ECONNRESET',
    'EPIPE',
    'ETIMEDOUT',
    'EHOSTUNREACH',
    'CERT_HAS_EXPIRED',
  ])('%s is unreachable', (code) => {
    const failure = kinesisFailure(Object.assign(new Error('words'), { code }), failed);
    expect(failure).toMatchObject({
      code: 'KINESIS_UNREACHABLE',
      message: `PutRecords on stream telemetry: words (${code})`,
    });
  });

  it('names all addresses that refused', () => {
    const refused = (address: string) => new Error(`connect ECONNREFUSED ${address}`);
    const all = new AggregateError([refused('::1:4568'), refused('127.0.0.1:4568')], '');
    expect(kinesisFailure(all, failed).message).toBe(
      'PutRecords on stream telemetry: connect ECONNREFUSED ::1:4568, connect ECONNREFUSED 127.0.0.1:4568 (AggregateError)',
    );
  });
});

describe('the words', () => {
  const named = (name: string, text: string) => Object.assign(new Error(text), { name });
  const message = (thrown: unknown, call: KinesisCall) => kinesisFailure(thrown, { ...failed, call }).message;

  it.each<[KinesisCall]>([['PutRecords'], ['GetRecords'], ['ListShards'], ['SubscribeToShard']])(
    'name the permission that %s needs',
    (call) => {
      expect(message(named('AccessDeniedException', 'User: x is not authorized'), call)).toBe(
        `${call} on stream telemetry: User: x is not authorized (AccessDeniedException); the role needs kinesis:${call} on the stream`,
      );
    },
  );

  it('name the key’s permission, for writing and for reading', () => {
    const thrown = named('KMSAccessDeniedException', 'no');
    expect(message(thrown, 'PutRecords')).toContain('kms:GenerateDataKey');
    expect(message(thrown, 'GetRecords')).toContain('kms:Decrypt');
  });

  it('name what the credentials lack', () => {
    const thrown = named('CredentialsProviderError', 'Could not load credentials from any providers');
    expect(kinesisFailure(thrown, failed)).toMatchObject({
      code: 'KINESIS_DENIED',
      message: expect.stringContaining('the AWS credentials are missing, wrong or expired'),
    });
  });
});

it('distinguishes a position that the stream does not have from a shard that is gone', () => {
  const gone = (text: string) => Object.assign(new Error(text), { name: 'ResourceNotFoundException' });
  const iterator = { call: 'GetShardIterator', streamName: 'telemetry' } as const;
  const position = gone('Unable to find record with provided SequenceNumber SequenceNumber(12) in stream');
  expect(kinesisFailure(position, iterator).code).toBe('KINESIS_REQUEST_REFUSED');
  expect(kinesisFailure(gone('Could not find shardId shardId-9'), iterator).code).toBe(
    'KINESIS_STREAM_MISSING',
  );
});

it('leaves a SluiceError as it is, and takes anything that can be thrown', () => {
  const own = new SluiceError('KINESIS_THROTTLED', 'own');
  expect(kinesisFailure(own, failed)).toBe(own);
  for (const thrown of [undefined, null, 'text', 7, {}]) {
    expect(kinesisFailure(thrown, failed).code).toBe('KINESIS_UNREACHABLE');
  }
});
