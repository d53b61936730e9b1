import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { AwsKinesis } from '../../../../src/stream/kinesis/aws/aws-kinesis.js';
import { AwsFanOut } from '../../../../src/stream/kinesis/aws/fan-out.js';
import { CredentialRenewal } from '../../../../src/stream/kinesis/credential-renewal.js';
import { DynamoLeaseRows } from '../../../../src/stream/kinesis/leases/dynamo-lease-rows.js';
import { SetClock } from '../../../support/clock.js';
import { tempDirectory } from '../../../support/temp-directory.js';
import { kinesisWithKey } from './refusing-kinesis.js';

const BEFORE = { ...process.env };
let file = '';

beforeEach(() => {
  const directory = tempDirectory();
  file = join(directory, 'credentials');
  process.env.AWS_PROFILE = 'default';
  process.env.AWS_SHARED_CREDENTIALS_FILE = file;
  process.env.AWS_CONFIG_FILE = join(directory, 'none');
  delete process.env.AWS_ACCESS_KEY_ID;
});

afterEach(() => {
  process.env = { ...BEFORE };
});

function writeKey(key: string): void {
  writeFileSync(
    file,
    `[default]\naws_access_key_id = ${key}\naws_secret_access_key = secret\naws_session_token = token-of-${key}\n`,
  );
}

const SUMMARY = {
  StreamDescriptionSummary: {
    StreamName: 'telemetry',
    StreamARN: 'arn:aws:kinesis:us-east-1:1:stream/telemetry',
    StreamStatus: 'ACTIVE',
    RetentionPeriodHours: 24,
    StreamCreationTimestamp: 1_795_000_000,
    OpenShardCount: 1,
  },
};

async function kinesis(refusedAs: string, body: unknown = SUMMARY) {
  const fake = await kinesisWithKey(refusedAs, body);
  onTestFinished(() => fake.server.stop());
  return fake;
}

describe('credentials that are replaced in their file', () => {
  it.each(['ExpiredTokenException', 'UnrecognizedClientException', 'InvalidSignatureException'])(
    'are used without a failed call when the old ones are refused with %s',
    async (refusedAs) => {
      const { server, accept, used } = await kinesis(refusedAs);
      writeKey('OLD');
      accept('OLD');
      const api = new AwsKinesis({ streamName: 'telemetry', endpoint: server.endpoint });
      onTestFinished(() => api.close());
      await api.describeStream();
      writeKey('NEW');
      accept('NEW');
      // All that were sent with the old key are sent again, and the file is read once.
      await Promise.all([api.describeStream(), api.describeStream(), api.describeStream()]);
      expect(used.filter((key) => key === 'NEW')).toHaveLength(3);
      await api.describeStream();
      expect(used.at(-1)).toBe('NEW');
    },
  );

  it('are not sent for again and again while they are the old ones, and the error says what to do', async () => {
    const { server, accept, used } = await kinesis('ExpiredTokenException');
    writeKey('OLD');
    accept('NONE');
    const api = new AwsKinesis({ streamName: 'telemetry', endpoint: server.endpoint });
    onTestFinished(() => api.close());
    await expect(api.describeStream()).rejects.toMatchObject({
      code: 'KINESIS_DENIED',
      message: expect.stringContaining(
        'the session token has expired: renew it; it is read again automatically',
      ),
    });
    expect(used).toEqual(['OLD']);
  });

  it('are used by enhanced fan-out too', async () => {
    const { server, accept, used } = await kinesis('ExpiredTokenException', {
      ...SUMMARY,
      ConsumerDescription: { ConsumerARN: 'arn:consumer', ConsumerStatus: 'ACTIVE' },
    });
    writeKey('OLD');
    accept('OLD');
    const fanOut = new AwsFanOut({ streamName: 'telemetry', endpoint: server.endpoint });
    onTestFinished(() => fanOut.close());
    expect(await fanOut.registerConsumer('sluice')).toBe('arn:consumer');
    writeKey('NEW');
    accept('NEW');
    expect(await fanOut.registerConsumer('sluice')).toBe('arn:consumer');
    expect(used).toContain('NEW');
  });

  it('are used for the lease table too', async () => {
    const { server, accept, used } = await kinesis('ExpiredTokenException', {});
    writeKey('OLD');
    accept('OLD');
    const rows = new DynamoLeaseRows({ table: 'leases', endpoint: server.endpoint });
    onTestFinished(() => rows.close());
    expect(await rows.get('shard-0')).toBeUndefined();
    writeKey('NEW');
    accept('NEW');
    expect(await rows.get('shard-0')).toBeUndefined();
    expect(used.at(-1)).toBe('NEW');
    writeKey('THIRD');
    accept('FOURTH');
    await expect(rows.get('shard-0')).rejects.toMatchObject({
      code: 'LEASE_TABLE_UNUSABLE',
      message: expect.stringContaining('the session token has expired: renew it'),
    });
  });
});

describe('reading credentials again', () => {
  const expired = Object.assign(new Error('expired'), { name: 'ExpiredToken' });

  function renewal() {
    const clock = new SetClock();
    let key = 'a';
    let reads = 0;
    const credentials = async (options?: { forceRefresh?: boolean }) => {
      if (options?.forceRefresh === true) reads += 1;
      return { accessKeyId: options?.forceRefresh === true ? key : 'a', secretAccessKey: 's' };
    };
    return {
      clock,
      renewal: new CredentialRenewal({ config: { credentials } }, clock),
      reads: () => reads,
      replace: (by: string) => {
        key = by;
      },
    };
  }

  it('happens at most once a minute in the long run, however many calls fail', async () => {
    const { clock, renewal: it, reads } = renewal();
    for (let second = 0; second < 3_600; second += 1) {
      await Promise.all([it.renewed(expired, it.generation), it.renewed(expired, it.generation)]);
      clock.elapsedMs += 1_000;
    }
    expect(reads()).toBeGreaterThanOrEqual(60);
    expect(reads()).toBeLessThanOrEqual(65);
  });

  it('is left out for other errors, and done at once after a change', async () => {
    const { renewal: it, reads, replace } = renewal();
    expect(
      await it.renewed(Object.assign(new Error('no'), { name: 'AccessDeniedException' }), it.generation),
    ).toBe(false);
    expect(reads()).toBe(0);
    const before = it.generation;
    replace('b');
    expect(await it.renewed(expired, before)).toBe(true);
    // A call that was sent with the old ones, and fails after the change.
    expect(await it.renewed(expired, before)).toBe(true);
    expect(reads()).toBe(1);
  });
});
