import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DynamoLeaseRows } from '../../../../src/stream/kinesis/leases/dynamo-lease-rows.js';
import type { LeaseRows, Row } from '../../../../src/stream/kinesis/leases/lease-rows.js';
import { LeaseTable } from '../../../../src/stream/kinesis/leases/lease-table.js';
import { type StandIn, startDynalite } from '../../../support/kinesis-servers.js';
import { type LeaseFault, MemoryLeaseTable } from '../../../support/memory-lease-table.js';
import { addLedgers } from './simulated-worker.js';
import { Simulation } from './simulation.js';

const LONG_MS = 300_000;

/** A table as version 0.1 left it, killed between two steps of a compaction: `shard-9` is in the totals and has its row. */
const OLD_TABLE: Readonly<Record<string, Row>> = {
  'sluice-books': {
    entityType: 'SLUICE_BOOKS',
    leaseCounter: 7,
    sluiceBooks: '18',
    sluiceRecords: 18,
    sluiceFoldedShardIds: ['shard-9'],
    sluiceFirstStart: 'AT_TIMESTAMP:1795000000000',
  },
  'shard-0': leaseRow('4959', 5),
  'shard-1': leaseRow('SHARD_END', 6),
  'shard-9': leaseRow('SHARD_END', 4),
};
const TOTAL = 18 + 5 + 6;

function leaseRow(checkpoint: string, records: number): Row {
  return {
    entityType: 'LEASE',
    leaseCounter: 41,
    checkpoint,
    checkpointSubSequenceNumber: 0,
    ownerSwitchesSinceCheckpoint: 0,
    sluiceRecords: records,
    sluiceBooks: String(records),
  };
}

async function fill(rows: LeaseRows): Promise<void> {
  await rows.prepare();
  for (const [key, set] of Object.entries(OLD_TABLE)) await rows.write(key, { set });
}

/** The ledger and the records of the application, as a scan of the table has them. */
async function totalsOf(table: LeaseTable): Promise<{ ledger: number; records: number }> {
  const { leases, ledger } = await table.scan();
  const counted = [...leases.values()].filter(({ shardId }) => !ledger?.compacted.includes(shardId));
  return {
    ledger: counted.reduce((sum, lease) => sum + Number(lease.ledger), Number(ledger?.totals ?? 0)),
    records: counted.reduce((sum, { records }) => sum + records, ledger?.records ?? 0),
  };
}

const ticks = async (count: number) => {
  for (let tick = 0; tick < count; tick += 1) await Promise.resolve();
};

let dynalite: StandIn;
let tables = 0;
beforeAll(async () => {
  dynalite = await startDynalite();
});
afterAll(async () => {
  await dynalite.stop();
});

const STANDS: readonly [name: string, open: () => LeaseRows][] = [
  ['in memory', () => new MemoryLeaseTable().client()],
  ['in DynamoDB', () => new DynamoLeaseRows({ table: `old-${tables++}`, endpoint: dynalite.endpoint })],
];

describe.each(STANDS)('a table of version 0.1 %s', (_name, openRows) => {
  it('is carried forward with its ledger, and no row or attribute of the old names is left', async () => {
    const rows = openRows();
    const table = new LeaseTable(rows);
    await fill(rows);
    expect(await totalsOf(table)).toEqual({ ledger: TOTAL, records: TOTAL });

    await table.carryLedgerForward();
    await table.carryLedgerForward();
    expect(await rows.get('sluice-books')).toBeUndefined();
    expect(await rows.get('sluice-ledger')).toEqual({
      leaseKey: 'sluice-ledger',
      entityType: 'SLUICE_LEDGER',
      leaseCounter: 7,
      sluiceLedger: '18',
      sluiceRecords: 18,
      sluiceFoldedShardIds: ['shard-9'],
      sluiceFirstStart: 'AT_TIMESTAMP:1795000000000',
    });
    expect(await totalsOf(table)).toEqual({ ledger: TOTAL, records: TOTAL });

    for (const shardId of ['shard-9', 'shard-1']) await table.compact(shardId, addLedgers);
    expect((await table.scan()).ledger).toMatchObject({ totals: '24', records: 24, compacted: [] });

    const lease = (await table.take((await table.scan()).leases.get('shard-0')!, 'a'))!;
    expect(lease).toMatchObject({ records: 5, ledger: '5' });
    const progress = {
      at: { kind: 'BEHIND', sequenceNumber: '4960', subSequenceNumber: 0 },
      records: 8,
    } as const;
    expect(await table.checkpoint(lease, progress, '8')).toMatchObject({ ledger: '8' });
    expect(await rows.get('shard-0')).toMatchObject({ sluiceLedger: '8', sluiceRecords: 8 });
    expect(await rows.get('shard-0')).not.toHaveProperty('sluiceBooks');
    expect(await totalsOf(table)).toEqual({ ledger: TOTAL + 3, records: TOTAL + 3 });
    table.close();
  });

  it('cannot be written under its old key, and an old row left beside the new one does not count', async () => {
    const rows = openRows();
    const table = new LeaseTable(rows);
    await fill(rows);
    // Not carried forward yet: the row that is written to is missing.
    expect(await table.compact('shard-1', addLedgers)).toBe(false);
    expect(await totalsOf(table)).toEqual({ ledger: TOTAL, records: TOTAL });
    await table.carryLedgerForward();
    await rows.write('sluice-books', { set: OLD_TABLE['sluice-books']! });
    await table.compact('shard-1', addLedgers);
    expect(await totalsOf(table)).toEqual({ ledger: TOTAL, records: TOTAL });
    await table.carryLedgerForward();
    expect(await rows.get('sluice-books')).toBeUndefined();
    expect(await totalsOf(table)).toEqual({ ledger: TOTAL, records: TOTAL });
    table.close();
  });
});

describe('carrying the ledger forward', () => {
  // The calls: the old row is read, the new one created, the old one removed.
  const CALLS = 3;
  const KINDS: readonly LeaseFault[] = ['before', 'after', 'late'];
  const cases = KINDS.flatMap((kind) => Array.from({ length: CALLS }, (_, call) => ({ kind, call })));

  it.each(cases)(
    'counts it once when call $call is cut off ($kind) and another worker continues',
    async (fault) => {
      const memory = new MemoryLeaseTable();
      const faults: LeaseFault[] = Array.from({ length: fault.call }, (): LeaseFault => 'none');
      faults.push(fault.kind);
      const late: (() => void)[] = [];
      const killed = new LeaseTable(
        memory.client({
          fault: () => faults.shift() ?? 'none',
          networkSleep: (ms) => (ms === 0 ? Promise.resolve() : new Promise((resolve) => late.push(resolve))),
          lateMs: () => 1,
        }),
      );
      const other = new LeaseTable(memory.client());
      await fill(memory.client());

      await expect(killed.carryLedgerForward()).rejects.toMatchObject({ code: 'LEASE_TABLE_UNREACHABLE' });
      expect(await totalsOf(other)).toEqual({ ledger: TOTAL, records: TOTAL });
      await other.carryLedgerForward();
      for (const shardId of ['shard-9', 'shard-1']) await other.compact(shardId, addLedgers);
      expect(await totalsOf(other)).toEqual({ ledger: TOTAL, records: TOTAL });
      for (const resolve of late) resolve();
      await new Promise(setImmediate);
      await killed.carryLedgerForward();
      expect(await totalsOf(other)).toEqual({ ledger: TOTAL, records: TOTAL });
      expect([...memory.rows.keys()].sort()).toEqual(['shard-0', 'sluice-ledger']);
    },
  );

  it('is seen whole by a scan, and goes along with another worker that does the same, at every interleaving', async () => {
    for (let delay = 0; delay < 60; delay += 1) {
      for (const slowness of [0, 3, 7, 20]) {
        const memory = new MemoryLeaseTable();
        const slow = new LeaseTable(memory.client({ arrive: () => ticks(slowness) }));
        const other = new LeaseTable(memory.client());
        await fill(memory.client());
        const reading = totalsOf(slow);
        const carrying = slow.carryLedgerForward();
        await ticks(delay);
        await other.carryLedgerForward();
        await other.compact('shard-1', addLedgers);
        expect(await reading).toEqual({ ledger: TOTAL, records: TOTAL });
        await carrying;
        await slow.compact('shard-9', addLedgers);
        expect(await totalsOf(other)).toEqual({ ledger: TOTAL, records: TOTAL });
      }
    }
  });

  it('is done by the workers that start, also when the first is killed at any moment of it', async () => {
    for (let phase = 0; phase < 10; phase += 1) {
      const simulation = await stoppedAtVersion01();
      const { stream, time, table } = simulation;
      const total = simulation.stream.totalRecords;
      const first = simulation.start('a');
      await time.runFor(phase * 5);
      first.process.kill();
      for (const workerId of ['b', 'c']) simulation.start(workerId);
      for (const id of stream.openShardIds) stream.split(id);
      await time.runFor(60_000);
      for (const id of stream.openShardIds) stream.close(id);
      await time.runUntil(() => simulation.isFinished(), LONG_MS);
      await time.runFor(60_000);
      expect(simulation.violations).toEqual([]);
      expect(simulation.savedRecords()).toBe(stream.totalRecords);
      expect(stream.totalRecords).toBeGreaterThan(total);
      const { recordsTotal, totalOf } = simulation.running[0]!.coordinator.status();
      expect(recordsTotal).toBe(stream.totalRecords);
      expect(Number(totalOf())).toBe(stream.totalRecords);
      expect(table.rows.has('sluice-books')).toBe(false);
      expect([...table.rows.values()].some((row) => 'sluiceBooks' in row)).toBe(false);
    }
  });
});

/** A stream of which some shards are gone and some half read, and its table with the names of version 0.1. */
async function stoppedAtVersion01(): Promise<Simulation> {
  const simulation = new Simulation({ shards: 4, records: 50 });
  const { stream, time, table } = simulation;
  const worker = simulation.start('old');
  const [first] = stream.shardIds;
  stream.split(first!);
  await time.runUntil(() => simulation.lease(first!)?.checkpoint.kind === 'SHARD_END', LONG_MS);
  stream.forget(first!);
  await time.runUntil(() => !table.rows.has(first!), LONG_MS);
  void worker.close();
  await time.runFor(10_000);
  for (const [key, row] of [...table.rows]) {
    const { sluiceLedger, ...rest } = row;
    const old: Row = sluiceLedger === undefined ? rest : { ...rest, sluiceBooks: sluiceLedger };
    if (key === 'sluice-ledger') {
      table.rows.delete(key);
      table.rows.set('sluice-books', { ...old, leaseKey: 'sluice-books', entityType: 'SLUICE_BOOKS' });
    } else table.rows.set(key, old);
  }
  expect(table.rows.get('sluice-books')).toMatchObject({ sluiceBooks: '50' });
  return simulation;
}
