import { describe, expect, it } from 'vitest';
import { SluiceError } from '../../../../src/lib/errors.js';
import { SingleWorkerAssigner } from '../../../../src/stream/kinesis/reader/single-worker-assigner.js';
import { HIGH, LOW, payloads, plain, ReaderRig } from './reader-rig.js';

const shardId = (n: number) => `shardId-${String(n).padStart(12, '0')}`;
const shardsOf = (position: string) =>
  JSON.parse(position) as {
    shards: Record<string, { at: string; records: number }>;
    retired: { shards: number; records: number };
  };

describe('the first start', () => {
  it('has a position before the first record, from which all shards begin again', async () => {
    const rig = new ReaderRig({ shards: 2, initial: { kind: 'AT_TIMESTAMP', timestampMs: 123 } });
    const { reader, assigner } = await rig.open();
    expect(shardsOf(assigner.position()).shards).toEqual({
      [shardId(0)]: { at: 'AT_TIMESTAMP:123', records: 0 },
      [shardId(1)]: { at: 'AT_TIMESTAMP:123', records: 0 },
    });
    expect(SingleWorkerAssigner.recordsAt(assigner.position())).toBe(0);
    const { position } = { position: assigner.position() };
    await reader.close();
    const again = await rig.open(position);
    expect(again.assigner.position()).toBe(position);
    await again.reader.close();
  });

  it('begins shards that come later at their oldest record', async () => {
    const rig = new ReaderRig();
    rig.put(plain('d', 'before'));
    await rig.time.pass(1_000);
    const late = new ReaderRig({ initial: { kind: 'AT_TIMESTAMP', timestampMs: rig.wallMs } });
    Object.assign(late, { stream: rig.stream, time: rig.time });
    const { reader } = await late.open();
    rig.stream.split(shardId(0));
    rig.put(plain('d', 'after'));
    await rig.time.pass(100_000);
    expect(payloads(await late.read(reader, 1))).toEqual(['after']);
    await reader.close();
  });
});

describe('lineage', () => {
  it('reads a merged shard when both parents are delivered', async () => {
    const rig = new ReaderRig({ shards: 2 });
    rig.put(plain(LOW, 'low'), plain(HIGH, 'high'));
    const child = rig.stream.merge(shardId(0), shardId(1));
    rig.put(plain(LOW, 'merged'));
    const { reader } = await rig.open();
    await rig.time.pass(2_000);
    expect(reader.shards().map((shard) => shard.shardId)).not.toContain(child);
    const read = payloads(await rig.read(reader, 3, { maxRecords: 1 }));
    expect(read.at(-1)).toBe('merged');
    await reader.close();
  });

  it('finds children at once, and again soon when a listing does not hold them yet', async () => {
    const rig = new ReaderRig({ shardSyncMs: 600_000 });
    const { reader, api } = await rig.open();
    rig.stream.split(shardId(0));
    await rig.next(reader);
    await rig.time.pass(100);
    expect(reader.shards().map((shard) => shard.shardId)).toEqual([shardId(1), shardId(2)]);

    let failures = 2;
    api.faults = {
      listShards: () => {
        failures -= 1;
        return failures >= 0 ? new SluiceError('KINESIS_THROTTLED', 'on purpose') : undefined;
      },
    };
    rig.stream.split(shardId(1));
    await rig.next(reader);
    await rig.time.pass(30_000);
    expect(reader.shards().map((shard) => shard.shardId)).toEqual([shardId(2), shardId(3), shardId(4)]);
    expect(rig.warnings).toHaveLength(1);
    await reader.close();
  });

  it('looks for new shards every shardSyncMs', async () => {
    const rig = new ReaderRig({ shardSyncMs: 30_000 });
    const { reader, api } = await rig.open();
    await rig.time.pass(300_000);
    expect(api.calls.listShards).toBe(11);
    await reader.close();
    await rig.time.pass(300_000);
    expect(api.calls.listShards).toBe(11);
  });

  it('reports whether the shards can be listed', async () => {
    const rig = new ReaderRig({ shardSyncMs: 10_000 });
    const { reader, assigner, api } = await rig.open();
    api.faults = { listShards: () => new SluiceError('KINESIS_DENIED', 'no more') };
    await rig.time.pass(11_000);
    expect(assigner.status()).toEqual({
      state: 'misconfigured',
      detail: 'the shards cannot be listed: no more',
    });
    expect(rig.warnings).toMatchObject([{ code: 'KINESIS_DENIED' }]);
    api.faults = {};
    await rig.time.pass(20_000);
    expect(assigner.status().state).toBe('healthy');
    await reader.close();
  });
});

describe('shards that are read and have expired from the stream', () => {
  it('are added to one count, so that the position stays small and the records exact', async () => {
    const rig = new ReaderRig({ shardSyncMs: 10_000 });
    const { reader, assigner } = await rig.open();
    let last = shardId(0);
    for (let n = 0; n < 20; n += 1) {
      rig.put(plain('d', String(n)));
      await rig.read(reader, 1);
      const [low, high] = rig.stream.split(last);
      await rig.next(reader);
      await rig.time.pass(5_000);
      const merged = rig.stream.merge(low, high);
      for (const ended = new Set<string>(); ended.size < 2; ) {
        const batch = (await rig.next(reader))!;
        for (const id of [low, high])
          if (shardsOf(batch.position).shards[id]?.at === 'SHARD_END') ended.add(id);
      }
      for (const id of [last, low, high]) rig.stream.forget(id);
      last = merged;
      await rig.time.pass(30_000);
    }
    const { shards, retired } = shardsOf(assigner.position());
    expect(Object.keys(shards)).toEqual([last]);
    expect(retired).toEqual({ shards: 60, records: 20 });
    expect(SingleWorkerAssigner.recordsAt(assigner.position())).toBe(20);
    await reader.close();

    const again = await rig.open(assigner.position());
    expect(again.assigner.position()).toBe(assigner.position());
    await again.reader.close();
  });

  it('are kept while only one listing does not hold them', async () => {
    const rig = new ReaderRig({ shardSyncMs: 10_000 });
    rig.put(plain('d', '0'));
    rig.stream.split(shardId(0));
    const { reader, assigner, api } = await rig.open();
    await rig.read(reader, 1);
    const { listShards } = api;
    api.listShards = async () => (await listShards.call(api)).slice(1);
    await rig.time.pass(10_000);
    expect(shardsOf(assigner.position()).shards[shardId(0)]).toEqual({ at: 'SHARD_END', records: 1 });
    api.listShards = listShards;
    await rig.time.pass(60_000);
    expect(shardsOf(assigner.position()).shards[shardId(0)]).toEqual({ at: 'SHARD_END', records: 1 });
    await reader.close();
  });
});

describe('a saved position', () => {
  it.each([
    'nonsense',
    '17',
    'null',
    '{}',
    '{"shards":{"s":{"at":"somewhere","records":1}},"retired":{"shards":0,"records":0}}',
    '{"shards":{"s":{"at":"1:0","records":-1}},"retired":{"shards":0,"records":0}}',
    '{"shards":{"s":{"at":"1:0"}},"retired":{"shards":0,"records":0}}',
    '{"shards":{"s":null},"retired":{"shards":0,"records":0}}',
    '{"shards":{},"retired":{}}',
  ])('that is none is refused: %s', async (position) => {
    const rig = new ReaderRig();
    await expect(rig.open(position)).rejects.toMatchObject({ code: 'CHECKPOINT_UNREADABLE' });
    expect(() => SingleWorkerAssigner.recordsAt(position)).toThrow(SluiceError);
  });
});
