import { describe, expect, it } from 'vitest';
import { LeaseTable } from '../../../../src/stream/kinesis/leases/lease-table.js';
import { ShardSync } from '../../../../src/stream/kinesis/leases/shard-sync.js';
import type { ShardPosition } from '../../../../src/stream/kinesis/shard-position.js';
import { SetClock } from '../../../support/clock.js';
import { MemoryLeaseTable } from '../../../support/memory-lease-table.js';
import { SimulatedStream } from './simulated-stream.js';
import { addLedgers } from './simulated-worker.js';

const MOMENT: ShardPosition = { kind: 'AT_TIMESTAMP', timestampMs: 1_795_000_000_000 };

const SYNC_MS = 60_000;

function stand(shards = 2) {
  const clock = new SetClock();
  const memory = new MemoryLeaseTable();
  const table = new LeaseTable(memory.client());
  const stream = new SimulatedStream(shards, 5);
  const syncOf = (listShards = stream.listShards, streamCreatedAtMs?: number) =>
    new ShardSync({
      api: { listShards },
      table,
      mergeLedgers: addLedgers,
      initial: MOMENT,
      shardSyncMs: SYNC_MS,
      streamCreatedAtMs,
      clock,
    });
  const leases = async () => (await table.scan()).leases;
  const end = async (shardId: string) => {
    const taken = (await table.take((await leases()).get(shardId)!, 'a'))!;
    await table.checkpoint(taken, { at: { kind: 'SHARD_END' }, records: 5 }, '5');
  };
  return { clock, memory, table, stream, sync: syncOf(), syncOf, leases, end };
}

describe('bringing the lease rows in line with the shards', () => {
  it('begins the first shards where the application begins, later ones at their oldest record', async () => {
    const { stream, sync, leases } = stand();
    await sync.run();
    expect([...(await leases()).values()].map(({ checkpoint }) => checkpoint)).toEqual([MOMENT, MOMENT]);
    const [child] = stream.split(stream.shardIds[0]!);
    const merged = stream.merge(stream.shardIds[1]!, child!);
    await sync.run();
    expect((await leases()).get(merged)).toMatchObject({
      checkpoint: { kind: 'TRIM_HORIZON' },
      parents: [stream.shardIds[1], child],
    });
  });

  it("does not call it a first start when the table has KCL's leases", async () => {
    const { memory, stream, sync, leases } = stand();
    const [known, fresh] = stream.shardIds;
    memory.write(known!, { set: { leaseCounter: 7, checkpoint: '3', checkpointSubSequenceNumber: 0 } });
    await sync.run();
    expect((await leases()).get(fresh!)?.checkpoint).toEqual({ kind: 'TRIM_HORIZON' });
    expect((await leases()).get(known!)).toMatchObject({ counter: 7 });
  });

  it('does not create the row of a shard again that was forgotten and compacted while it listed the shards', async () => {
    const { table, stream, sync, syncOf, leases, end } = stand();
    await sync.run();
    const shardId = stream.shardIds[0]!;
    await end(shardId);
    const slow = syncOf(async () => {
      const listed = await stream.listShards();
      stream.forget(shardId);
      expect(await table.compact(shardId, addLedgers)).toBe(true);
      return listed;
    });
    await slow.run();
    expect([...(await leases()).keys()]).toEqual([stream.shardIds[1]]);
  });

  it('compacts what has ended when its shard was missing for a sync interval, and nothing else', async () => {
    const { clock, table, stream, sync, leases, end } = stand(3);
    await sync.run();
    const [first, second, third] = stream.shardIds;
    await end(first!);
    await end(third!);
    stream.forget(first!);
    stream.forget(second!);
    expect(await sync.run()).toEqual({ gone: new Set(), isDoubtful: true });
    expect(await sync.run()).toEqual({ gone: new Set([first, second]), isDoubtful: false });
    clock.elapsedMs += SYNC_MS - 1;
    await sync.run();
    expect((await leases()).size).toBe(3);
    clock.elapsedMs += 1;
    await sync.run();
    expect([...(await leases()).keys()].sort()).toEqual([second, third]);
    expect((await table.scan()).ledger).toMatchObject({ totals: '5', records: 5 });
  });

  it('does not compact at the first list without the shard, however long the one before is ago', async () => {
    const { clock, stream, sync, leases, end } = stand();
    await sync.run();
    await end(stream.shardIds[0]!);
    clock.elapsedMs += 10 * SYNC_MS;
    stream.forget(stream.shardIds[0]!);
    await sync.run();
    expect((await leases()).size).toBe(2);
  });

  it('takes a parent that is not listed for gone at the second list: the first may be of the middle of a reshard', async () => {
    const { stream, sync } = stand(1);
    const parent = stream.shardIds[0]!;
    stream.split(parent);
    stream.forget(parent);
    expect(await sync.run()).toEqual({ gone: new Set(), isDoubtful: true });
    expect(await sync.run()).toEqual({ gone: new Set([parent]), isDoubtful: false });
  });

  it('believes no list without a shard', async () => {
    const { sync, syncOf, leases } = stand();
    await sync.run();
    const empty = syncOf(async () => []);
    for (let i = 0; i < 3; i += 1) expect(await empty.run()).toEqual({ gone: new Set(), isDoubtful: true });
    expect((await leases()).size).toBe(2);
  });

  it('finishes a compaction that another worker began, once its shard is no longer there', async () => {
    const { memory, table, stream, sync, leases, end } = stand();
    await sync.run();
    const [first] = stream.shardIds;
    await end(first!);
    stream.forget(first!);
    let calls = 0;
    const crashing = new LeaseTable(memory.client({ fault: () => (++calls === 4 ? 'before' : 'none') }));
    await expect(crashing.compact(first!, addLedgers)).rejects.toMatchObject({
      code: 'LEASE_TABLE_UNREACHABLE',
    });
    expect((await table.scan()).ledger?.compacted).toEqual([first]);
    await sync.run();
    expect((await leases()).has(first!)).toBe(false);
    expect((await table.scan()).ledger).toMatchObject({ totals: '5', compacted: [] });
  });
});

describe('leases of an earlier stream of the same name', () => {
  /** Three shards of the stream made at 1000: one ended, one half read by `a`, and one that the new stream lacks. */
  async function readBefore() {
    const rig = stand(3);
    const [ended, half, lacking] = rig.stream.shardIds as [string, string, string];
    await rig.syncOf(undefined, 1_000).run();
    await rig.end(ended);
    const taken = (await rig.table.take((await rig.leases()).get(half)!, 'a'))!;
    const at = { kind: 'BEHIND', sequenceNumber: '4950', subSequenceNumber: 3 } as const;
    const held = (await rig.table.checkpoint(taken, { at, records: 7 }, '7'))!;
    const newStream = async () =>
      (await rig.stream.listShards()).filter(({ shardId }) => shardId !== lacking);
    return { ...rig, ended, half, lacking, held, newStream };
  }

  it('become leases of the present one: the oldest records, the same counts, and no owner', async () => {
    const { syncOf, leases, table, ended, half, lacking, held, newStream } = await readBefore();
    expect((await syncOf(newStream, 2_000).run()).isMadeAgain).toBe(true);
    const after = await leases();
    const oldest = { checkpoint: { kind: 'TRIM_HORIZON' } };
    expect(after.get(ended)).toMatchObject({ ...oldest, records: 5, ledger: '5' });
    expect(after.get(half)).toMatchObject({ ...oldest, records: 7, ledger: '7' });
    expect(after.get(half)?.owner).toBeUndefined();
    expect(after.get(lacking)).toMatchObject({ checkpoint: { kind: 'SHARD_END' } });
    // A worker that still reads the earlier stream cannot save its position any more.
    expect(await table.renew(held)).toBeUndefined();
  });

  it('are moved once, also by several workers, and never back', async () => {
    const { syncOf, leases, table, half, newStream } = await readBefore();
    const moved = await Promise.all([
      syncOf(newStream, 2_000).run(),
      syncOf(newStream, 2_000).run(),
      syncOf(newStream, 2_000).run(),
    ]);
    expect(moved.filter(({ isMadeAgain }) => isMadeAgain)).toHaveLength(1);
    const taken = (await table.take((await leases()).get(half)!, 'b'))!;
    const at = { kind: 'BEHIND', sequenceNumber: '6000', subSequenceNumber: 0 } as const;
    await table.checkpoint(taken, { at, records: 8 }, '8');
    for (const createdAtMs of [1_000, 2_000, undefined]) {
      expect((await syncOf(newStream, createdAtMs).run()).isMadeAgain).toBeUndefined();
    }
    expect((await leases()).get(half)).toMatchObject({ checkpoint: at, owner: 'b' });
  });

  it('are not assumed in a table that does not say of which stream it is', async () => {
    const { syncOf, leases, stream } = stand(1);
    await syncOf().run();
    const before = (await leases()).get(stream.shardIds[0]!);
    expect((await syncOf(undefined, 2_000).run()).isMadeAgain).toBeUndefined();
    expect((await leases()).get(stream.shardIds[0]!)).toEqual(before);
    expect((await syncOf(undefined, 3_000).run()).isMadeAgain).toBe(true);
  });
});
