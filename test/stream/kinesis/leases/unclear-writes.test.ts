import { describe, expect, it } from 'vitest';
import type { Lease } from '../../../../src/stream/kinesis/leases/lease.js';
import { LeaseTable } from '../../../../src/stream/kinesis/leases/lease-table.js';
import type { ShardProgress } from '../../../../src/stream/kinesis/shard-position.js';
import { type LeaseFault, MemoryLeaseTable } from '../../../support/memory-lease-table.js';

const PROGRESS: ShardProgress = {
  at: { kind: 'BEHIND', sequenceNumber: '5', subSequenceNumber: 0 },
  records: 5,
};
const END: ShardProgress = { at: { kind: 'SHARD_END' }, records: 5 };
const add = (a: string, b: string) => String(Number(a) + Number(b));

type Write = (table: LeaseTable, lease: Lease) => Promise<Lease | undefined>;

const WRITES: readonly [name: string, write: Write, then: Partial<Lease>][] = [
  ['renew', (table, lease) => table.renew(lease), { owner: 'a', records: 0 }],
  ['take', (table, lease) => table.take(lease, 'a'), { owner: 'a', records: 0 }],
  [
    'checkpoint',
    (table, lease) => table.checkpoint(lease, PROGRESS, '5'),
    { owner: 'a', records: 5, ledger: '5' },
  ],
  [
    'checkpoint at the end',
    (table, lease) => table.checkpoint(lease, END, '5'),
    { records: 5, ledger: '5', ...(END.at && { checkpoint: END.at }) },
  ],
  ['release', (table, lease) => table.release(lease), { records: 0 }],
];

/** A lease of worker `a`, a client of `a` whose next calls fail as configured, and the table as others see it. */
async function stand() {
  const memory = new MemoryLeaseTable();
  const faults: LeaseFault[] = [];
  const later: (() => void)[] = [];
  const mine = new LeaseTable(
    memory.client({
      fault: () => faults.shift() ?? 'none',
      networkSleep: (ms) => (ms === 0 ? Promise.resolve() : new Promise((resolve) => later.push(resolve))),
      lateMs: () => 1,
    }),
  );
  const others = new LeaseTable(memory.client());
  await others.create(newLease);
  const row = async () => (await others.scan()).leases.get('shard-0')!;
  const lease = (await others.take(await row(), 'a'))!;
  const land = async () => {
    for (const resolve of later.splice(0)) resolve();
    await new Promise(setImmediate);
  };
  return { memory, mine, others, faults, row, lease, land };
}

describe.each(WRITES)('%s, when it is unclear whether it was done,', (_name, write, then) => {
  it('is recognised when it was', async () => {
    const { mine, faults, row, lease } = await stand();
    faults.push('after');
    const written = await write(mine, lease);
    expect(written).toMatchObject({ ...then, counter: lease.counter + 1 });
    expect(await row()).toEqual(written);
  });

  it('is repeated when it was not', async () => {
    const { mine, faults, row, lease } = await stand();
    faults.push('before');
    const written = await write(mine, lease);
    expect(written).toMatchObject({ ...then, counter: lease.counter + 1 });
    expect(await row()).toEqual(written);
  });

  it('is done once when the first try arrives after the second', async () => {
    const { mine, faults, row, lease, land } = await stand();
    faults.push('late');
    const written = await write(mine, lease);
    await land();
    expect(await row()).toEqual(written);
  });

  it('is refused when another has taken the lease meanwhile', async () => {
    const { mine, others, faults, row, lease } = await stand();
    const stolen = await others.take(lease, 'b');
    faults.push('before');
    expect(await write(mine, lease)).toBeUndefined();
    expect(await row()).toEqual(stolen);
  });

  it('rejects after a bounded number of calls, and goes through later', async () => {
    const { mine, faults, lease, row } = await stand();
    faults.push('after', 'before');
    await expect(write(mine, lease)).rejects.toMatchObject({ code: 'LEASE_TABLE_UNREACHABLE' });
    const written = await write(mine, lease);
    expect(written).toMatchObject(then);
    expect(await row()).toEqual(written);
  });

  it('does not pass over an earlier write of the same worker that was given up and came late', async () => {
    const { mine, faults, lease, row, land } = await stand();
    faults.push('late', 'before');
    await expect(mine.renew(lease)).rejects.toMatchObject({ code: 'LEASE_TABLE_UNREACHABLE' });
    await land();
    const written = await write(mine, lease);
    expect(written).toMatchObject(then);
    expect(await row()).toEqual(written);
  });

  it('stops at once when it is denied', async () => {
    const { mine, faults, lease } = await stand();
    faults.push('denied');
    await expect(write(mine, lease)).rejects.toMatchObject({ code: 'LEASE_TABLE_UNUSABLE' });
  });
});

describe('compacting a shard into the ledger', () => {
  async function ended() {
    const { others, lease, ...rest } = await stand();
    await others.openLedger(undefined);
    await others.checkpoint(lease, END, '5');
    return { others, ...rest };
  }
  const total = async (table: LeaseTable) => {
    const { leases, ledger } = await table.scan();
    const counted = [...leases.values()].filter(({ shardId }) => !ledger?.compacted.includes(shardId));
    return counted.reduce((sum, { ledger }) => sum + Number(ledger), Number(ledger?.totals ?? 0));
  };

  // Reads and writes of one compaction: ledger, row, ledger written, row removed, row, ledger, ledger written.
  const CALLS = 7;
  const KINDS: readonly LeaseFault[] = ['before', 'after', 'late'];
  const cases = KINDS.flatMap((kind) => Array.from({ length: CALLS }, (_, call) => ({ kind, call })));

  it.each(cases)(
    'counts it once when call $call is cut off ($kind), whichever worker finishes it',
    async ({ kind, call }) => {
      const { mine, others, faults, land } = await ended();
      faults.push(...Array.from({ length: call }, (): LeaseFault => 'none'), kind);
      await expect(mine.compact('shard-0', add)).rejects.toMatchObject({ code: 'LEASE_TABLE_UNREACHABLE' });
      expect(await total(others)).toBe(5);
      await others.compact('shard-0', add);
      expect(await total(others)).toBe(5);
      await land();
      expect(await total(others)).toBe(5);
      await mine.compact('shard-0', add);
      await others.compact('shard-0', add);
      const { leases, ledger } = await others.scan();
      expect(leases.size).toBe(0);
      expect(ledger).toMatchObject({ totals: '5', records: 5, compacted: [] });
    },
  );

  const ticks = async (count: number) => {
    for (let tick = 0; tick < count; tick += 1) await Promise.resolve();
  };

  it('is seen whole by a scan that it overlaps, at every interleaving', async () => {
    for (let delay = 0; delay < 180; delay += 3) {
      for (let slowness = 0; slowness < 60; slowness += 6) {
        const { others, memory } = await ended();
        const reading = total(new LeaseTable(memory.client({ arrive: () => ticks(slowness) })));
        await ticks(delay);
        await others.compact('shard-0', add);
        expect(await reading).toBe(5);
      }
    }
  });

  it('goes along with the compacting of another shard, at every interleaving', async () => {
    for (let delay = 0; delay < 60; delay += 1) {
      const { others, mine, row } = await ended();
      await others.create({ ...newLease, shardId: 'shard-1' });
      const lease = (await others.scan()).leases.get('shard-1')!;
      await others.checkpoint((await others.take(lease, 'a'))!, { ...END, records: 7 }, '7');
      const compacting = others.compact('shard-0', add);
      await ticks(delay);
      await mine.compact('shard-1', add);
      await compacting;
      for (const shardId of ['shard-0', 'shard-1']) await others.compact(shardId, add);
      expect((await others.scan()).ledger).toMatchObject({ totals: '12', records: 12, compacted: [] });
      expect(await row()).toBeUndefined();
    }
  });
});

const newLease = {
  shardId: 'shard-0',
  checkpoint: { kind: 'TRIM_HORIZON' },
  parents: [],
  startingHashKey: '0',
  endingHashKey: '1',
} as const;
