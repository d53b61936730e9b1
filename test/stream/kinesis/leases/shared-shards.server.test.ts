import { afterAll, beforeAll, expect, it } from 'vitest';
import { DynamoLeaseRows } from '../../../../src/stream/kinesis/leases/dynamo-lease-rows.js';
import { LeaseTable } from '../../../../src/stream/kinesis/leases/lease-table.js';
import { type StandIn, startDynalite } from '../../../support/kinesis-servers.js';
import { SimulatedStream } from './simulated-stream.js';
import { SimulatedWorker } from './simulated-worker.js';
import { RealTime } from './virtual-time.js';

const FAILOVER_MS = 600;

let dynalite: StandIn;
beforeAll(async () => {
  dynalite = await startDynalite();
});
afterAll(async () => {
  await dynalite.stop();
});

it('three workers share a stream over DynamoDB: one is killed, one joins, a shard is split, all is read and counted', async () => {
  const time = new RealTime();
  const stream = new SimulatedStream(8, 60);
  const reads = new Map<string, number>();
  const begun: string[] = [];
  const rowsOf = () => new DynamoLeaseRows({ table: 'telemetry', endpoint: dynalite.endpoint });
  const table = new LeaseTable(rowsOf());
  const start = (workerId: string) => {
    const worker = new SimulatedWorker({
      workerId,
      time,
      stream,
      table: rowsOf(),
      random: Math.random,
      failoverMs: FAILOVER_MS,
      readEveryMs: 40,
      saveEveryMs: 60,
      began: (_worker, { shardId }) => begun.push(shardId),
      read: (_worker, shardId, from, to) => {
        for (let at = from; at < to; at += 1)
          reads.set(`${shardId} ${at}`, (reads.get(`${shardId} ${at}`) ?? 0) + 1);
      },
    });
    void worker.run();
    return worker;
  };
  const until = async (reached: () => boolean | Promise<boolean>) => {
    const limitMs = time.nowMs + 20_000;
    while (!(await reached())) {
      if (time.nowMs > limitMs) throw new Error(`not reached: ${reached.toString()}`);
      await time.sleep(10);
    }
  };
  const heldBy = (...workers: readonly SimulatedWorker[]) =>
    workers.map((worker) => worker.coordinator.status().held).sort();

  const [a, b, c] = [start('a'), start('b'), start('c')];
  await until(() => `${heldBy(a, b, c)}` === '2,3,3');
  const killed = b.shardIds;
  b.process.kill();
  const d = start('d');
  await until(() => `${heldBy(a, c, d)}` === '2,3,3');
  expect(killed.length).toBeGreaterThanOrEqual(2);
  const [left, right] = stream.split(stream.shardIds[0]!, 20);
  await until(() => begun.includes(left!) && begun.includes(right!));
  expect((await table.scan()).leases.get(stream.shardIds[0]!)?.checkpoint.kind).toBe('SHARD_END');
  for (const id of stream.openShardIds) stream.close(id);
  await until(async () => {
    const { leases } = await table.scan();
    return (
      leases.size === 10 && [...leases.values()].every(({ checkpoint }) => checkpoint.kind === 'SHARD_END')
    );
  });

  const { leases, ledger, workers } = await table.scan();
  for (const [shardId, lease] of leases) {
    expect(lease).toMatchObject({ records: stream.shard(shardId).records, ledger: String(lease.records) });
    expect(lease.owner).toBeUndefined();
  }
  expect(ledger).toMatchObject({ totals: '', records: 0 });
  expect(reads.size).toBe(stream.totalRecords);
  await until(() => a.coordinator.status().recordsTotal === stream.totalRecords);
  expect(a.coordinator.status().totalOf()).toBe(String(stream.totalRecords));
  expect(workers.map(({ workerId }) => workerId)).toEqual(expect.arrayContaining(['a', 'c', 'd']));
  await Promise.all([a, c, d].map((worker) => worker.close()));
  const remaining = (await table.scan()).workers.map(({ workerId }) => workerId);
  expect(remaining.filter((workerId) => workerId !== 'b')).toEqual([]);
  table.close();
});
