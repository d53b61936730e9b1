import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { describeStream } from '../../src/commands/describe-stream.js';
import {
  createStream,
  deleteStream,
  onConfiguredStream,
  type StreamCommand,
} from '../../src/commands/manage-stream.js';
import { SluiceError } from '../../src/lib/errors.js';
import { AwsKinesis } from '../../src/stream/kinesis/aws/aws-kinesis.js';
import { FakeKinesis } from '../support/fake-kinesis.js';
import { startKinesalite } from '../support/kinesis-servers.js';
import { tempDirectory } from '../support/temp-directory.js';
import { streamUnderTest } from './stream-under-test.js';

describe('stream create', () => {
  it('waits until the stream is ACTIVE, whatever passes meanwhile', async () => {
    const { command, lines, asked } = streamUnderTest([
      'missing',
      'throttled',
      'CREATING',
      'CREATING',
      'ACTIVE',
    ]);
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
    const { command, lines, asked } = streamUnderTest(['CREATING', 'ACTIVE'], fake);
    expect(await createStream(command)).toBe(0);
    expect(asked).toEqual(['create on demand']);
    expect(lines.at(-1)).toBe('Stream telemetry is ACTIVE: on demand, 4 shards.');
  });

  it('leaves a stream that exists as it is, with 0', async () => {
    const { command, lines } = streamUnderTest(['ACTIVE']);
    expect(await createStream({ ...command, shards: 2 })).toBe(0);
    expect(lines).toEqual(['Stream telemetry already exists: 2 shards.']);
  });

  it('reports when an existing one has another number of shards', async () => {
    const { command, lines } = streamUnderTest(['UPDATING']);
    expect(await createStream({ ...command, shards: 8 })).toBe(0);
    expect(lines).toEqual([
      'Stream telemetry already exists: 2 shards.',
      'The number of shards stays: this command does not change a stream, `aws kinesis update-shard-count` does.',
    ]);
  });

  it('does not take one that is being deleted for one that exists', async () => {
    const { command } = streamUnderTest(['DELETING']);
    await expect(createStream(command)).rejects.toMatchObject({
      code: 'KINESIS_STREAM_BUSY',
      message: 'stream telemetry is being deleted; try again when it is gone',
    });
  });

  it('gives up after 10 minutes with 1', async () => {
    const { command, lines, pauses } = streamUnderTest(['CREATING']);
    expect(await createStream(command)).toBe(1);
    expect(pauses()).toBe(600);
    expect(lines.slice(1)).toEqual([
      'Stream telemetry is CREATING, waiting …',
      'Stream telemetry is still not ACTIVE after 10 minutes.',
    ]);
  });

  it('passes on what forbids it', async () => {
    const { command } = streamUnderTest(['ACTIVE']);
    const denied = new SluiceError('KINESIS_DENIED', 'no');
    const api = Object.assign(command.api, { createStream: () => Promise.reject(denied) });
    await expect(createStream({ ...command, api })).rejects.toBe(denied);
  });
});

describe('stream delete', () => {
  it('does nothing without --yes, and ends with 2', async () => {
    const { command, lines, asked } = streamUnderTest(['ACTIVE']);
    expect(await deleteStream({ ...command, yes: false })).toBe(2);
    expect(asked).toEqual([]);
    expect(lines.join('\n')).toMatch(/deletes stream telemetry.*\n.*--yes/);
  });

  it('waits until the stream is gone', async () => {
    const { command, lines, asked } = streamUnderTest(['DELETING', 'throttled', 'missing']);
    expect(await deleteStream({ ...command, yes: true })).toBe(0);
    expect(asked).toEqual(['delete']);
    expect(lines).toEqual(['Deleting stream telemetry …', 'Stream telemetry does not exist any more.']);
  });

  it('ends with 0 when there is none', async () => {
    const { command, lines } = streamUnderTest(['missing']);
    expect(await deleteStream({ ...command, yes: true })).toBe(0);
    expect(lines).toEqual(['Stream telemetry does not exist.']);
  });

  it('gives up after 10 minutes with 1', async () => {
    const { command, lines } = streamUnderTest(['DELETING']);
    expect(await deleteStream({ ...command, yes: true })).toBe(1);
    expect(lines.at(-1)).toBe('Stream telemetry is still not gone after 10 minutes.');
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
