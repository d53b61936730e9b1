import { describe, expect, it } from 'vitest';
import { describeStream, type ShardReading } from '../../src/commands/describe-stream.js';
import { FakeKinesis } from '../support/fake-kinesis.js';
import { streamUnderTest } from './stream-under-test.js';

describe('stream describe', () => {
  const FIRST = 'shardId-000000000000';
  const SECOND = 'shardId-000000000001';

  function resharded() {
    const stream = streamUnderTest(['ACTIVE']);
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
    const { command, lines } = streamUnderTest(['ACTIVE']);
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
    const { command, lines } = streamUnderTest(['ACTIVE']);
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
    const { command, lines } = streamUnderTest(['ACTIVE'], new FakeKinesis({ shards: 3 }));
    await describeStream({ ...command, json: false });
    expect(lines.filter((line) => line.includes('33.33 %'))).toHaveLength(3);
  });

  it('suggests `stream create` when there is no such stream', async () => {
    const { command } = streamUnderTest(['missing']);
    await expect(describeStream({ ...command, json: false })).rejects.toMatchObject({
      code: 'KINESIS_STREAM_MISSING',
      message: expect.stringContaining('`sluice stream create` creates it'),
    });
  });
});
