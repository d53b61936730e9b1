import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SluiceError } from '../../../../src/lib/errors.js';
import { DynamoLeaseRows } from '../../../../src/stream/kinesis/leases/dynamo-lease-rows.js';
import type { Lease } from '../../../../src/stream/kinesis/leases/lease.js';
import type { LeaseRows } from '../../../../src/stream/kinesis/leases/lease-rows.js';
import { LeaseTable } from '../../../../src/stream/kinesis/leases/lease-table.js';
import type { ShardPosition } from '../../../../src/stream/kinesis/shard-position.js';
import { type StandIn, startDynalite } from '../../../support/kinesis-servers.js';
import { MemoryLeaseTable } from '../../../support/memory-lease-table.js';

const add = (a: string, b: string) => String(Number(a) + Number(b));
const at = (sequence: string, sub = 0): ShardPosition => ({
  kind: 'BEHIND',
  sequenceNumber: sequence,
  subSequenceNumber: sub,
});

interface Stand {
  /** Two clients of one table. */
  readonly rows: LeaseRows;
  readonly others: LeaseRows;
}

let dynalite: StandIn;
let tables = 0;
beforeAll(async () => {
  dynalite = await startDynalite();
});
afterAll(async () => {
  await dynalite.stop();
});

const STANDS: readonly [name: string, open: () => Stand][] = [
  [
    'in memory',
    () => {
      const table = new MemoryLeaseTable();
      return { rows: table.client(), others: table.client() };
    },
  ],
  [
    'in DynamoDB',
    () => {
      const options = { table: `leases-${tables++}`, endpoint: dynalite.endpoint };
      return { rows: new DynamoLeaseRows(options), others: new DynamoLeaseRows(options) };
    },
  ],
];

describe.each(STANDS)('a lease table %s', (_name, openStand) => {
  async function opened() {
    const { rows, others } = openStand();
    const mine = new LeaseTable(rows);
    const theirs = new LeaseTable(others);
    await Promise.all([mine.prepare(), theirs.prepare()]);
    return { mine, theirs, rows };
  }

  async function withLease(shardId = 'shard-0') {
    const tables = await opened();
    await tables.mine.create(newLease(shardId));
    return { ...tables, lease: (await tables.mine.scan()).leases.get(shardId)! };
  }

  it('gives back what was created, with its lineage and hash range', async () => {
    const { mine, theirs } = await opened();
    expect(await mine.create(newLease('shard-2', ['shard-0', 'shard-1']))).toBe(true);
    expect(await theirs.create(newLease('shard-2'))).toBe(false);
    expect(
      await theirs.create({
        ...newLease('shard-3'),
        checkpoint: { kind: 'AT_TIMESTAMP', timestampMs: 1_795_000_000_123 },
      }),
    ).toBe(true);
    const { leases } = await theirs.scan();
    expect([...leases.keys()].sort()).toEqual(['shard-2', 'shard-3']);
    expect(leases.get('shard-2')).toEqual({
      shardId: 'shard-2',
      counter: 0,
      checkpoint: { kind: 'TRIM_HORIZON' },
      parents: ['shard-0', 'shard-1'],
      children: [],
      startingHashKey: '0',
      endingHashKey: '340282366920938463463374607431768211455',
      ownerSwitches: 0,
      records: 0,
      ledger: '',
    });
    expect(leases.get('shard-3')?.checkpoint).toEqual({
      kind: 'AT_TIMESTAMP',
      timestampMs: 1_795_000_000_123,
    });
  });

  it('lets one of two take a free lease, and only on the counter it has seen', async () => {
    const { mine, theirs, lease } = await withLease();
    const took = await Promise.all([mine.take(lease, 'a'), theirs.take(lease, 'b')]);
    expect(took.filter((taken) => taken !== undefined)).toHaveLength(1);
    const row = (await mine.scan()).leases.get('shard-0');
    expect(took).toContainEqual(row);
    expect(row).toMatchObject({ counter: 1, ownerSwitches: 0 });
    expect(await mine.take(lease, 'c')).toBeUndefined();
  });

  it('renews, and refuses to once another has taken the lease', async () => {
    const { mine, theirs, lease } = await withLease();
    const taken = (await mine.take(lease, 'a'))!;
    const renewed = (await mine.renew(taken))!;
    expect(renewed).toEqual({ ...taken, counter: 2 });
    const stolen = (await theirs.take(renewed, 'b'))!;
    expect(stolen).toMatchObject({ owner: 'b', counter: 3, ownerSwitches: 1 });
    expect(await mine.renew(renewed)).toBeUndefined();
    expect(await mine.release(renewed)).toBeUndefined();
    expect((await mine.scan()).leases.get('shard-0')).toEqual(stolen);
  });

  it('does not take from an owner that has renewed since the lease was read', async () => {
    const { mine, theirs, lease } = await withLease();
    const taken = (await mine.take(lease, 'a'))!;
    const renewed = (await mine.renew(taken))!;
    expect(await theirs.take(taken, 'b')).toBeUndefined();
    expect((await mine.scan()).leases.get('shard-0')).toEqual(renewed);
  });

  it('fences checkpoints: by owner and counter, and keeps records and ledger with them', async () => {
    const { mine, theirs, lease } = await withLease();
    const taken = (await mine.take(lease, 'a'))!;
    const saved = (await mine.checkpoint(taken, { at: at('49590', 7), records: 12 }, '12'))!;
    expect(saved).toEqual({ ...taken, counter: 2, checkpoint: at('49590', 7), records: 12, ledger: '12' });
    expect((await theirs.scan()).leases.get('shard-0')).toEqual(saved);
    const stolen = (await theirs.take(saved, 'b'))!;
    expect(await mine.checkpoint(saved, { at: at('49599'), records: 20 }, '20')).toBeUndefined();
    expect((await theirs.scan()).leases.get('shard-0')).toEqual(stolen);
    expect(await theirs.checkpoint(stolen, { at: at('49600'), records: 13 }, '13')).toMatchObject({
      ownerSwitches: 0,
    });
  });

  it('releases a lease at its checkpoint, so that another can continue', async () => {
    const { mine, theirs, lease } = await withLease();
    const taken = (await mine.take(lease, 'a'))!;
    const saved = (await mine.checkpoint(taken, { at: at('5'), records: 5 }, '5'))!;
    const free = (await mine.release(saved))!;
    expect(free.owner).toBeUndefined();
    expect(await theirs.take(free, 'b')).toMatchObject({
      owner: 'b',
      checkpoint: at('5'),
      records: 5,
      ownerSwitches: 0,
    });
  });

  it('ends a lease with its shard: no owner, no take any more', async () => {
    const { mine, theirs, lease } = await withLease();
    const taken = (await mine.take(lease, 'a'))!;
    const ended = (await mine.checkpoint(taken, { at: { kind: 'SHARD_END' }, records: 9 }, '9', [
      'shard-1',
      'shard-2',
    ]))!;
    const row = (await theirs.scan()).leases.get('shard-0')!;
    expect(row).toEqual(ended);
    expect(row).toMatchObject({ checkpoint: { kind: 'SHARD_END' }, children: ['shard-1', 'shard-2'] });
    expect(row.owner).toBeUndefined();
    expect(await mine.renew(ended)).toBeUndefined();
  });

  it('puts whole rows, more than one request takes, in place of what there is', async () => {
    const { rows } = await opened();
    await rows.write('row 1', { set: { version: 'a', group: 'x' } });
    const all = Array.from({ length: 60 }, (_, n) => ({ leaseKey: `row ${n}`, version: 'b', startMs: n }));
    await rows.putAll(all);
    const found = await rows.scan();
    expect(found.toSorted((a, b) => Number(a.startMs) - Number(b.startMs))).toEqual(all);
    expect(await rows.remove('row 1', { version: 'a' })).toBe(false);
    expect(await rows.remove('row 1', { version: 'b' })).toBe(true);
    await rows.putAll([]);
    expect(await rows.scan()).toHaveLength(59);
  });

  it('reads all pages, and skips what is no lease of this stream', async () => {
    const { mine, rows } = await opened();
    const long = 'x'.repeat(150_000);
    for (let i = 0; i < 12; i += 1)
      await rows.write(`shard-${i}`, { set: { ...kclRow, sluiceLedger: long } });
    await rows.write('someone', { set: { entityType: 'WORKER_METRIC_STATS', wts: 3 } });
    await rows.write('123:other:1:shard-0', { set: { ...kclRow, streamName: '123:other:1' } });
    const { leases } = await mine.scan();
    expect(leases.size).toBe(12);
    expect([...leases.values()].every(({ ledger }) => ledger === long)).toBe(true);
  });

  it("understands KCL's rows: in the middle of an aggregate, and without a moment to start from", async () => {
    const { mine, rows } = await opened();
    await rows.write('shard-0', { set: { ...kclRow, leaseOwner: 'kcl', parentShardId: ['shard-9'] } });
    await rows.write('shard-1', { set: { ...kclRow, checkpoint: 'LATEST' } });
    await rows.write('shard-2', { set: { ...kclRow, checkpoint: 'AT_TIMESTAMP' } });
    const { leases } = await mine.scan();
    expect(leases.get('shard-0')).toEqual({
      shardId: 'shard-0',
      owner: 'kcl',
      counter: 41,
      checkpoint: at('4959', 3),
      parents: ['shard-9'],
      children: [],
      ownerSwitches: 2,
      records: 0,
      ledger: '',
    } satisfies Lease);
    expect(leases.get('shard-1')?.checkpoint).toEqual({ kind: 'TRIM_HORIZON' });
    expect(leases.get('shard-2')?.checkpoint).toEqual({ kind: 'TRIM_HORIZON' });
  });

  it('names the row that it cannot understand', async () => {
    const { mine, rows } = await opened();
    await rows.write('shard-7', { set: { checkpoint: 'TRIM_HORIZON' } });
    await expect(mine.scan()).rejects.toThrow(/"shard-7".*leaseCounter is missing/);
    await expect(mine.scan()).rejects.toMatchObject({ code: 'LEASE_TABLE_UNUSABLE' });
  });

  it('shows workers by their heartbeat, and removes a row only if there was no heartbeat since', async () => {
    const { mine, theirs } = await opened();
    await mine.heartbeat({ workerId: 'a', heartbeat: 1 });
    await mine.heartbeat({ workerId: 'a', heartbeat: 2 });
    await theirs.heartbeat({ workerId: 'b', heartbeat: 5, maxLeases: 3 });
    const { workers, leases } = await mine.scan();
    expect(leases.size).toBe(0);
    expect(workers).toContainEqual({ workerId: 'a', heartbeat: 2 });
    expect(workers).toContainEqual({ workerId: 'b', heartbeat: 5, maxLeases: 3 });
    await mine.removeWorker({ workerId: 'b', heartbeat: 4 });
    await mine.removeWorker({ workerId: 'a', heartbeat: 2 });
    expect((await mine.scan()).workers).toEqual([{ workerId: 'b', heartbeat: 5, maxLeases: 3 }]);
  });

  it('keeps the ledger of a shard whose row is removed, once', async () => {
    const { mine, theirs, rows } = await opened();
    expect(await mine.openLedger({ kind: 'TRIM_HORIZON' })).toMatchObject({
      firstStart: { kind: 'TRIM_HORIZON' },
    });
    for (const shardId of ['shard-0', 'shard-1']) {
      await mine.create(newLease(shardId));
      const lease = (await mine.scan()).leases.get(shardId)!;
      const taken = (await mine.take(lease, 'a'))!;
      expect(await mine.compact(shardId, add)).toBe(false);
      await mine.checkpoint(taken, { at: { kind: 'SHARD_END' }, records: 9 }, '9');
    }
    expect(await mine.compact('shard-0', add)).toBe(true);
    expect(await theirs.compact('shard-0', add)).toBe(false);
    await Promise.all([mine.compact('shard-1', add), theirs.compact('shard-1', add)]);
    await mine.compact('shard-1', add);
    const { leases, ledger } = await mine.scan();
    expect(leases.size).toBe(0);
    expect(ledger).toMatchObject({ totals: '18', records: 18, compacted: [] });
    expect(await rows.get('shard-0')).toBeUndefined();
  });

  it('remembers the first start until it is complete', async () => {
    const { mine, theirs } = await opened();
    const first: ShardPosition = { kind: 'AT_TIMESTAMP', timestampMs: 1_795_000_000_000 };
    const ledger = await mine.openLedger(first);
    expect(await theirs.openLedger(undefined)).toEqual(ledger);
    await theirs.endFirstStart(ledger);
    expect((await mine.scan()).ledger).toEqual({ version: 1, totals: '', records: 0, compacted: [] });
  });
});

describe('a DynamoDB table', () => {
  it('with another key is not used', async () => {
    const { DynamoDBClient, CreateTableCommand } = await import('@aws-sdk/client-dynamodb');
    const client = new DynamoDBClient({
      endpoint: dynalite.endpoint,
      region: 'us-east-1',
      credentials: { accessKeyId: 'x', secretAccessKey: 'y' },
    });
    await client.send(
      new CreateTableCommand({
        TableName: 'orders',
        BillingMode: 'PAY_PER_REQUEST',
        AttributeDefinitions: [{ AttributeName: 'order', AttributeType: 'S' }],
        KeySchema: [{ AttributeName: 'order', KeyType: 'HASH' }],
      }),
    );
    client.destroy();
    const rows = new DynamoLeaseRows({ table: 'orders', endpoint: dynalite.endpoint });
    await expect(rows.prepare()).rejects.toMatchObject({ code: 'LEASE_TABLE_UNUSABLE' });
    await expect(rows.prepare()).rejects.toThrow(/its key is order HASH and has to be leaseKey/);
    rows.close();
  });

  it('without an answer is unreachable, and a write to a missing one unusable', async () => {
    const nobody = new DynamoLeaseRows({ table: 'leases', endpoint: 'http://127.0.0.1:9' });
    await expect(nobody.prepare()).rejects.toMatchObject({ code: 'LEASE_TABLE_UNREACHABLE' });
    nobody.close();
    const missing = new DynamoLeaseRows({ table: 'missing', endpoint: dynalite.endpoint });
    await expect(missing.write('a', { set: { b: 1 } })).rejects.toMatchObject({
      code: 'LEASE_TABLE_UNUSABLE',
    });
    missing.close();
  });

  it('without the SDK names what to install', async () => {
    const rows = new DynamoLeaseRows(
      { table: 'leases' },
      { load: () => Promise.reject(new Error("Cannot find package '@aws-sdk/client-dynamodb'")) },
    );
    const refusal = await rows.prepare().catch((thrown: unknown) => thrown);
    expect(refusal).toBeInstanceOf(SluiceError);
    expect(refusal).toMatchObject({
      code: 'LEASE_TABLE_UNUSABLE',
      message: expect.stringContaining('npm install @aws-sdk/client-dynamodb'),
    });
  });
});

const kclRow = {
  leaseCounter: 41,
  checkpoint: '4959',
  checkpointSubSequenceNumber: 3,
  ownerSwitchesSinceCheckpoint: 2,
};

function newLease(shardId: string, parents: readonly string[] = []) {
  return {
    shardId,
    parents,
    checkpoint: { kind: 'TRIM_HORIZON' },
    startingHashKey: '0',
    endingHashKey: '340282366920938463463374607431768211455',
  } as const;
}
