import { describe, expect, it } from 'vitest';
import { SluiceError } from '../../../../src/lib/errors.js';
import { SingleWorkerAssigner } from '../../../../src/stream/kinesis/reader/single-worker-assigner.js';
import type { ShardAssignment } from '../../../../src/stream/kinesis/shard-assignment.js';
import { SetClock } from '../../../support/clock.js';
import { plain, ReaderRig } from './reader-rig.js';

const SHARD = (n: number) => ({
  shardId: `shardId-${n}`,
  startingHashKey: '0',
  endingHashKey: '1',
  startingSequenceNumber: '1',
});

/** Of the stream made at 1000: shard 0 was split and read to its end, one child is half read. */
const SAVED = JSON.stringify({
  shards: {
    'shardId-0': { at: 'SHARD_END', records: 40 },
    'shardId-1': { at: '4950:0', records: 2 },
    'shardId-2': { at: 'TRIM_HORIZON', records: 0 },
  },
  retired: { shards: 1, records: 100 },
  streamCreatedAtMs: 1_000,
});

async function openedWith(streamCreatedAtMs: number | undefined, from = SAVED) {
  const begun: ShardAssignment[] = [];
  let madeAgain = 0;
  const assigner = new SingleWorkerAssigner(
    { from, initial: { kind: 'AT_TIMESTAMP', timestampMs: 5_000 }, shardSyncMs: 60_000, streamCreatedAtMs },
    {
      api: { listShards: async () => [SHARD(0), SHARD(1)] },
      clock: new SetClock(),
      timers: () => () => undefined,
      warn: () => undefined,
    },
  );
  await assigner.open({
    begin: (assignment) => begun.push(assignment),
    end: () => undefined,
    streamMadeAgain: () => {
      madeAgain += 1;
    },
  });
  await assigner.close();
  return { assigner, begun, madeAgain };
}

describe('a position of an earlier stream of the same name', () => {
  it('is not used: every shard begins at its oldest record, and the count of what was read stays', async () => {
    const { assigner, begun, madeAgain } = await openedWith(2_000);
    expect(madeAgain).toBe(1);
    expect(begun.map(({ shardId, from, records }) => [shardId, from.kind, records])).toEqual([
      ['shardId-0', 'TRIM_HORIZON', 0],
      ['shardId-1', 'TRIM_HORIZON', 0],
    ]);
    expect(SingleWorkerAssigner.recordsAt(assigner.position())).toBe(SingleWorkerAssigner.recordsAt(SAVED));
    const again = await openedWith(2_000, assigner.position());
    expect(again.madeAgain).toBe(0);
  });

  it.each([
    ['it is the same stream', 1_000, SAVED],
    ['Kinesis does not say when the stream was made', undefined, SAVED],
    ['the position is of version 0.1', 2_000, SAVED.replace(',"streamCreatedAtMs":1000', '')],
  ])('is not assumed when %s', async (_why, createdAtMs, from) => {
    const { begun, madeAgain } = await openedWith(createdAtMs, from);
    expect(madeAgain).toBe(0);
    expect(begun.map(({ shardId, from: at }) => [shardId, at.kind])).toEqual([['shardId-1', 'BEHIND']]);
  });
});

describe('a position that Kinesis refuses while reading', () => {
  const OTHER = 'StartingSequenceNumber 4950 is invalid because it did not come from this stream.';

  it.each([
    [OTHER, 'STREAM_MADE_AGAIN'],
    ['the sequence number is too old', 'POSITION_LEFT_STREAM'],
  ])('is called what it is: %s', async (words, code) => {
    const rig = new ReaderRig();
    rig.put(plain('d', 'a'), plain('d', 'b'));
    const from = JSON.stringify({
      shards: { 'shardId-000000000000': { at: '1:0', records: 1 } },
      retired: { shards: 0, records: 0 },
      streamCreatedAtMs: 1_000,
    });
    const { reader, assigner } = await rig.open(from, {
      shardIterator: (_shardId, start) =>
        start.type === 'TRIM_HORIZON' ? undefined : new SluiceError('KINESIS_REQUEST_REFUSED', words),
    });
    await rig.read(reader, 2);
    const codes = rig.warnings.map((fields) => fields.code);
    expect(codes).toContain(code);
    expect(codes).toContain('POSITION_REFUSED');
    expect(codes).not.toContain('KINESIS_REQUEST_REFUSED');
    expect(reader.counters().gaps).toBe(1);
    const isOther = code === 'STREAM_MADE_AGAIN';
    expect(assigner.position().includes('"streamCreatedAtMs":1000')).toBe(!isOther);
    await reader.close();
  });
});
