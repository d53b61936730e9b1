import { describe, expect, it } from 'vitest';
import { checkFit, describeUsable } from '../../src/pipeline/kinesis-check.js';
import type { StreamSummary } from '../../src/stream/kinesis/kinesis-api.js';

const STREAM: StreamSummary = {
  arn: 'arn:aws:kinesis:eu-west-1:1:stream/telemetry',
  status: 'ACTIVE',
  mode: 'PROVISIONED',
  recordDistribution: 'BY_KEY',
  openShards: 8,
  retentionHours: 24,
  maxRecordBytes: 2 ** 20,
};
const USE = { name: 'telemetry', aggregation: true, maxRecordBytes: 2 ** 20, buckets: 64 };

describe('whether stream and configuration fit', () => {
  it('is silent when they do', () => {
    expect(checkFit(USE, STREAM)).toEqual([]);
  });

  it('rejects aggregation on a stream that distributes automatically, and names what to change', () => {
    const auto = { ...STREAM, recordDistribution: 'AUTO' } as const;
    expect(() => checkFit(USE, auto)).toThrow(/aggregation: off/);
    expect(() => checkFit(USE, auto)).toThrow(expect.objectContaining({ code: 'KINESIS_UNUSABLE' }));
    expect(checkFit({ ...USE, aggregation: false }, auto)).toEqual([]);
  });

  it('rejects records larger than the stream takes', () => {
    expect(() => checkFit({ ...USE, maxRecordBytes: 2 ** 21 }, STREAM)).toThrow(
      /maxRecordSize is 2097152 bytes/,
    );
  });

  it('advises more buckets when there are fewer than 8 a shard, unless records are plain', () => {
    const wide = { ...STREAM, openShards: 9 };
    expect(checkFit(USE, wide)).toEqual([expect.stringContaining('below 72')]);
    expect(checkFit({ ...USE, aggregation: false }, wide)).toEqual([]);
  });
});

it('a stream that is being created is waited for, one that is being resharded is used', async () => {
  const api = (status: StreamSummary['status']) => ({ describeStream: async () => ({ ...STREAM, status }) });
  await expect(describeUsable(api('CREATING'), 'telemetry')).rejects.toMatchObject({
    code: 'KINESIS_STREAM_BUSY',
    retryable: true,
  });
  await expect(describeUsable(api('DELETING'), 'telemetry')).rejects.toMatchObject({ retryable: true });
  expect((await describeUsable(api('UPDATING'), 'telemetry')).openShards).toBe(8);
});
