import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import {
  createStream,
  deleteStream,
  describeStream,
  onConfiguredStream,
  type ShardReading,
  type StreamCommand,
} from '../../src/commands/stream.js';
import { SluiceError } from '../../src/errors.js';
import { AwsKinesis } from '../../src/stream/kinesis/aws/aws-kinesis.js';
import type { StreamAdminApi, StreamSummary } from '../../src/stream/kinesis/kinesis-api.js';
import { FakeKinesis, type FakeKinesisApi } from '../support/fake-kinesis.js';
import { startKinesalite } from '../support/kinesis-servers.js';
import { tempDirectory } from '../support/temp-directory.js';

type Status = StreamSummary['status'] | 'missing' | 'throttled';

/** A stream that goes through `statuses`, one a look, and stays at the last. */
function underTest(statuses: readonly Status[], fake = new FakeKinesis({ shards: 2 })) {
  const lines: string[] = [];
  const asked: string[] = [];
  const busy = new SluiceError('KINESIS_STREAM_BUSY', 'already exists');
  const missing = new SluiceError('KINESIS_STREAM_MISSING', 'Stream not found');
  let looks = 0;
  let pauses = 0;
  const next = (): Status => statuses[Math.min(looks++, statuses.length - 1)]!;
  const api: FakeKinesisApi & StreamAdminApi = Object.assign(fake.api(), {
    describeStream: async (): Promise<StreamSummary> => {
      const status = next();
      if (status === 'missing') throw missing;
      if (status === 'throttled') throw new SluiceError('KINESIS_THROTTLED', 'slowly');
      return { ...fake.summary(), status };
    },
    createStream: async (shards: number | undefined) => {
      asked.push(`create ${shards ?? 'on demand'}`);
      if (statuses[0] !== 'missing' && statuses[0] !== 'CREATING' && statuses[0] !== 'throttled') throw busy;
    },
    deleteStream: async () => {
      asked.push('delete');
      if (statuses[0] === 'missing') throw missing;
    },
  });
  const command: StreamCommand = {
    streamName: 'telemetry',
    api,
    out: (line) => lines.push(line),
    pause: async () => {
      pauses += 1;
    },
  };
  return { command, lines, asked, fake, pauses: () => pauses };
}

describe('stream create', () => {
  it('waits until the stream is ACTIVE, whatever passes meanwhile', async () => {
    const { command, lines, asked } = underTest(['missing', 'throttled', 'CREATING', 'CREATING', 'ACTIVE']);
    expect(await createStream({ ...command, shards: 2 })).toBe(0);
    expect(asked).toEqual(['create 2']);
    expect(lines).toEqual([
      'Creating stream telemetry with 2 shards …',
      'Stream telemetry is CREATING, waiting …',
      'Stream telemetry is ACTIVE: 2 shards.',
    ]);
  });

  it('without --shards makes a stream on demand', async () => {
    const fake = new FakeKinesis({ shards: 4, summary: { mode: 'ON_DEMAND' } });
    const { command, lines, asked } = underTest(['CREATING', 'ACTIVE'], fake);
    expect(await createStream(command)).toBe(0);
    expect(asked).toEqual(['create on demand']);
    expect(lines.at(-1)).toBe('Stream telemetry is ACTIVE: on demand, 4 shards.');
  });

  it('leaves a stream that exists as it is, with 0', async () => {
    const { command, lines } = underTest(['ACTIVE']);
    expect(await createStream({ ...command, shards: 2 })).toBe(0);
    expect(lines).toEqual(['Stream telemetry already exists: 2 shards.']);
  });

  it('says so when one that exists has other shards', async () => {
    const { command, lines } = underTest(['UPDATING']);
    expect(await createStream({ ...command, shards: 8 })).toBe(0);
    expect(lines).toEqual([
      'Stream telemetry already exists: 2 shards.',
      'It keeps them: this command does not change a stream, `aws kinesis update-shard-count` does.',
    ]);
  });

  it('does not take one that is being deleted for one that exists', async () => {
    const { command } = underTest(['DELETING']);
    await expect(createStream(command)).rejects.toMatchObject({
      code: 'KINESIS_STREAM_BUSY',
      message: 'stream telemetry is being deleted; try again when it is gone',
    });
  });

  it('gives up after 10 minutes with 1', async () => {
    const { command, lines, pauses } = underTest(['CREATING']);
    expect(await createStream(command)).toBe(1);
    expect(pauses()).toBe(600);
    expect(lines.slice(1)).toEqual([
      'Stream telemetry is CREATING, waiting …',
      'Stream telemetry is still not ACTIVE after 10 minutes.',
    ]);
  });

  it('passes on what forbids it', async () => {
    const { command } = underTest(['ACTIVE']);
    const denied = new SluiceError('KINESIS_DENIED', 'no');
    const api = Object.assign(command.api, { createStream: () => Promise.reject(denied) });
    await expect(createStream({ ...command, api })).rejects.toBe(denied);
  });
});

describe('stream delete', () => {
  it('does nothing without --yes, and ends with 2', async () => {
    const { command, lines, asked } = underTest(['ACTIVE']);
    expect(await deleteStream({ ...command, yes: false })).toBe(2);
    expect(asked).toEqual([]);
    expect(lines.join('\n')).toMatch(/deletes stream telemetry.*\n.*--yes/);
  });

  it('waits until the stream is gone', async () => {
    const { command, lines, asked } = underTest(['DELETING', 'throttled', 'missing']);
    expect(await deleteStream({ ...command, yes: true })).toBe(0);
    expect(asked).toEqual(['delete']);
    expect(lines).toEqual(['Deleting stream telemetry …', 'Stream telemetry does not exist any more.']);
  });

  it('ends with 0 when there is none', async () => {
    const { command, lines } = underTest(['missing']);
    expect(await deleteStream({ ...command, yes: true })).toBe(0);
    expect(lines).toEqual(['Stream telemetry does not exist.']);
  });

  it('gives up after 10 minutes with 1', async () => {
    const { command, lines } = underTest(['DELETING']);
    expect(await deleteStream({ ...command, yes: true })).toBe(1);
    expect(lines.at(-1)).toBe('Stream telemetry is still not gone after 10 minutes.');
  });
});

describe('stream describe', () => {
  const FIRST = 'shardId-000000000000';
  const SECOND = 'shardId-000000000001';

  function resharded() {
    const stream = underTest(['ACTIVE']);
    stream.fake.split(FIRST, 2n ** 126n);
    stream.fake.merge('shardId-000000000003', SECOND);
    return stream;
  }

  it('shows the shards with their state, share of the keys and parents', async () => {
    const { command, lines } = resharded();
    expect(await describeStream({ ...command, json: false })).toBe(0);
    expect(lines).toEqual([
      'stream        telemetry',
      'status        ACTIVE',
      'capacity      provisioned, 2 shards open',
      'distribution  by key',
      'retention     24 h',
      'record        at most 1048576 bytes',
      'ARN           arn:aws:kinesis:eu-west-1:000000000000:stream/telemetry',
      '',
      'SHARD                 STATE   KEYS     PARENTS',
      'shardId-000000000000  closed  50.00 %  -',
      'shardId-000000000001  closed  50.00 %  -',
      'shardId-000000000002  open    25.00 %  shardId-000000000000',
      'shardId-000000000003  closed  25.00 %  shardId-000000000000',
      'shardId-000000000004  open    75.00 %  shardId-000000000003 shardId-000000000001',
    ]);
  });

  const readings: readonly ShardReading[] = [
    { shardId: FIRST, owner: 'berlin-1', position: 'SHARD_END', millisBehind: 0 },
    {
      shardId: SECOND,
      owner: 'evil\u001b[2J',
      position: '49680424322411124893195062704201518767071257021170843650:7',
      millisBehind: 7_500_000,
    },
    { shardId: 'shardId-000000000009', position: 'SHARD_END' },
  ];

  it('shows how far an application is, also in shards that the stream no longer has', async () => {
    const { command, lines } = underTest(['ACTIVE']);
    const reading = { application: 'sluice', shards: readings };
    expect(await describeStream({ ...command, json: false, reading })).toBe(0);
    expect(lines.slice(8)).toEqual([
      'SHARD                 STATE  KEYS     PARENTS  OWNER          POSITION                   LAG',
      'shardId-000000000000  open   50.00 %  -        berlin-1       SHARD_END                  0 s',
      'shardId-000000000001  open   50.00 %  -        evil\\u001b[2J  …8767071257021170843650:7  2 h 5 min',
      'shardId-000000000009  gone   -        -        -              SHARD_END                  -',
      '(OWNER, POSITION and LAG are those of application sluice.)',
    ]);
  });

  it('gives the same as JSON, with whole positions', async () => {
    const { command, lines } = underTest(['ACTIVE']);
    const reading = { application: 'sluice', shards: readings };
    expect(await describeStream({ ...command, json: true, reading })).toBe(0);
    const json = JSON.parse(lines.join('\n')) as { shards: readonly unknown[] };
    expect(json).toMatchObject({ name: 'telemetry', status: 'ACTIVE', openShards: 2, application: 'sluice' });
    expect(json.shards).toEqual([
      { ...readings[0], state: 'open', parents: [], percent: 50 },
      { ...readings[1], state: 'open', parents: [], percent: 50 },
      { ...readings[2], state: 'gone', parents: [] },
    ]);
  });

  it('rounds the share of shards that differ by a key', async () => {
    const { command, lines } = underTest(['ACTIVE'], new FakeKinesis({ shards: 3 }));
    await describeStream({ ...command, json: false });
    expect(lines.filter((line) => line.includes('33.33 %'))).toHaveLength(3);
  });

  it('says what to do when there is no such stream', async () => {
    const { command } = underTest(['missing']);
    await expect(describeStream({ ...command, json: false })).rejects.toMatchObject({
      code: 'KINESIS_STREAM_MISSING',
      message: expect.stringContaining('`sluice stream create` makes it'),
    });
  });
});

it('works on a Kinesis, from nothing to nothing', async () => {
  const server = await startKinesalite();
  onTestFinished(() => server.stop());
  const api = new AwsKinesis({ streamName: 'telemetry', endpoint: server.endpoint });
  onTestFinished(() => api.close());
  const lines: string[] = [];
  const command: StreamCommand = {
    streamName: 'telemetry',
    api,
    out: (line) => lines.push(line),
    pause: () => sleep(5),
  };
  expect(await createStream({ ...command, shards: 3 })).toBe(0);
  expect(lines.at(-1)).toBe('Stream telemetry is ACTIVE: 3 shards.');
  expect(await createStream({ ...command, shards: 3 })).toBe(0);
  expect(lines.at(-1)).toBe('Stream telemetry already exists: 3 shards.');
  expect(await describeStream({ ...command, json: false })).toBe(0);
  expect(await deleteStream({ ...command, yes: true })).toBe(0);
  expect(lines.at(-1)).toBe('Stream telemetry does not exist any more.');
  await expect(api.describeStream()).rejects.toMatchObject({ code: 'KINESIS_STREAM_MISSING' });
});

it('is refused where the configuration has no Kinesis', async () => {
  const file = join(tempDirectory(), 'sluice.yaml');
  writeFileSync(file, 'stream: { mode: direct }\n');
  await expect(onConfiguredStream(file, async () => 0)).rejects.toMatchObject({
    code: 'USAGE_INVALID',
    message: expect.stringContaining('stream.mode is direct'),
  });
});
