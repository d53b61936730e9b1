import { describe, expect, it } from 'vitest';
import { SluiceError } from '../../../../src/lib/errors.js';
import { payloads, plain, ReaderRig, range } from './reader-rig.js';

const SHARD_0 = 'shardId-000000000000';

describe('reading what is pushed', () => {
  it('continues at the continuation when a subscription ends', async () => {
    const rig = new ReaderRig({ fanOut: true });
    const { reader } = await rig.open();
    for (let round = 0; round < 4; round += 1) {
      rig.put(...range(round * 10, round * 10 + 10).map((text) => plain('d', text)));
      expect(payloads(await rig.read(reader, 10))).toEqual(range(round * 10, round * 10 + 10));
      await rig.time.pass(300_000);
      rig.stream.endSubscriptions();
    }
    expect(rig.stream.calls.getRecords).toBe(0);
    expect(reader.counters()).toMatchObject({ failures: 0, gaps: 0 });
    await reader.close();
  });

  it('does not subscribe again within 5 s', async () => {
    const rig = new ReaderRig({ fanOut: true });
    const { reader } = await rig.open();
    rig.put(...range(0, 3).map((text) => plain('d', text)));
    await rig.read(reader, 3);
    for (let n = 0; n < 20; n += 1) {
      rig.stream.endSubscriptions();
      await rig.time.pass(1_000);
    }
    expect(reader.counters().failures).toBe(0);
    expect(rig.stream.calls.subscribe).toBeLessThanOrEqual(5);
    expect(rig.stream.calls.subscribe).toBeGreaterThanOrEqual(4);
    await reader.close();
  });

  it('waits when Kinesis answers that it is too early', async () => {
    const rig = new ReaderRig({ fanOut: true });
    rig.put(plain('d', '0'));
    const { reader } = await rig.open(
      undefined,
      {},
      {
        subscribe: (_shardId, call) =>
          call <= 3 ? new SluiceError('KINESIS_STREAM_BUSY', 'subscribed a moment ago') : undefined,
      },
    );
    expect(payloads([await rig.next(reader)])).toEqual(['0']);
    expect(rig.time.nowMs).toBeGreaterThanOrEqual(15_000);
    expect(rig.stream.calls.subscribe).toBe(4);
    await reader.close();
  });

  it('stops pulling while the buffer is full', async () => {
    const rig = new ReaderRig({ fanOut: true, bufferBytes: 2_000_000 });
    const { reader } = await rig.open();
    for (let n = 0; n < 100; n += 1) {
      rig.put(plain('d', String(n).padEnd(100_000, ' ')));
      await rig.time.pass(10);
    }
    const { bufferedBytes } = reader.counters();
    expect(bufferedBytes).toBeGreaterThan(1_900_000);
    // One page over it.
    expect(bufferedBytes).toBeLessThan(2_200_000);
    expect(payloads(await rig.read(reader, 100)).map((text) => text.trim())).toEqual(range(0, 100));
    await reader.close();
  });

  it('registers the consumer again when somebody has removed it', async () => {
    const rig = new ReaderRig({ fanOut: true });
    rig.put(plain('d', '0'));
    const { reader } = await rig.open(
      undefined,
      {},
      {
        subscribe: (_shardId, call) =>
          call === 1 ? new SluiceError('KINESIS_STREAM_MISSING', 'no such consumer') : undefined,
      },
    );
    expect(payloads([await rig.next(reader)])).toEqual(['0']);
    expect(rig.stream.calls.registerConsumer).toBe(2);
    expect(reader.counters().gaps).toBe(0);
    await reader.close();
  });

  it('reaches the end of a shard that has expired from the stream', async () => {
    const rig = new ReaderRig({ fanOut: true });
    rig.put(plain('d', '0'));
    const first = await rig.open();
    const [batch] = await rig.read(first.reader, 1);
    await first.reader.close();
    await rig.time.pass(10_000);
    rig.stream.split(SHARD_0);
    rig.put(plain('d', '1'));
    rig.stream.forget(SHARD_0);
    const second = await rig.open(batch!.position);
    expect(payloads(await rig.read(second.reader, 1))).toEqual(['1']);
    expect(second.reader.counters().gaps).toBe(1);
    await second.reader.close();
  });
});
