import { describe, expect, it } from 'vitest';
import { SluiceError } from '../../../../src/lib/errors.js';
import { FAILOVER_MS } from './simulated-worker.js';
import { Simulation, type WorkerSettings } from './simulation.js';

const RENEW_MS = FAILOVER_MS / 3;
const LONG_MS = 120_000;

/** A simulation with workers `a`, `b`, `c` … that have spread the shards. */
async function spread(shards: number, workers: number, records = 50) {
  const simulation = new Simulation({ shards, records });
  for (const workerId of 'abcdefgh'.slice(0, workers)) simulation.start(workerId);
  await simulation.time.runUntil(() => simulation.isEven(), LONG_MS);
  return simulation;
}

describe('workers that share a stream', () => {
  it('read all its shards when one is alone, and its ledger is that of all records', async () => {
    const simulation = await spread(8, 1);
    const [a] = simulation.workers;
    expect(a!.shardIds).toEqual(simulation.stream.shardIds);
    await simulation.time.runUntil(() => simulation.savedRecords() === 400, LONG_MS);
    const status = a!.coordinator.status();
    expect(status).toMatchObject({ held: 8, taken: 8, lost: 0, released: 0, workers: 1, recordsTotal: 400 });
    expect(status.totalOf()).toBe('400');
    expect(status.shards).toHaveLength(8);
    expect(status.shards[0]).toEqual({
      shardId: 'shardId-000000000000',
      owner: 'a',
      at: '50:0',
      records: 50,
      isMine: true,
      startable: true,
    });
    expect(status.lastScanAgeMs).toBeLessThan(2 * RENEW_MS);
    expect(simulation.violations).toEqual([]);
  });

  it('spread them evenly, and then leave them where they are', async () => {
    const simulation = new Simulation({ shards: 8 });
    for (const id of 'abc') simulation.start(id);
    const tookMs = await simulation.time.runUntil(() => simulation.isEven(), LONG_MS);
    expect(tookMs).toBeLessThan(4 * RENEW_MS);
    const before = simulation.workers.map((worker) => worker.shardIds);
    await simulation.time.runFor(LONG_MS);
    expect(simulation.workers.map((worker) => worker.shardIds)).toEqual(before);
    expect(simulation.violations).toEqual([]);
    expect(simulation.repeats).toBe(0);
  });

  it('take over what a killed one had within the fail-over time and one renewal, whenever it was killed', async () => {
    for (let phase = 0; phase < 12; phase += 1) {
      const simulation = await spread(8, 3);
      await simulation.time.runFor(30_000 + (phase * RENEW_MS) / 12);
      simulation.workers[1]!.process.kill();
      const tookMs = await simulation.time.runUntil(() => simulation.isEven(), LONG_MS);
      expect(tookMs).toBeLessThan(FAILOVER_MS + RENEW_MS + 100);
      expect(tookMs).toBeGreaterThan(FAILOVER_MS - 2 * RENEW_MS);
      await simulation.time.runUntil(() => simulation.savedRecords() === 400, LONG_MS);
      expect(simulation.savedRecords()).toBe(400);
      expect(simulation.violations).toEqual([]);
    }
  });

  it('hand over to newcomers without reading a record twice or none', async () => {
    const simulation = await spread(8, 2, 600);
    await simulation.time.runFor(5_000);
    const shards = Object.values(simulation.workers).flatMap((worker) => worker.shardIds);
    const pauses = new Map(shards.map((id) => [id, 0]));
    const watching = (async () => {
      for (;;) {
        await simulation.time.sleep(50);
        const read = new Set(simulation.running.flatMap((worker) => worker.shardIds));
        for (const id of shards) if (!read.has(id)) pauses.set(id, pauses.get(id)! + 50);
      }
    })();
    void watching;
    simulation.start('x');
    simulation.start('y');
    const tookMs = await simulation.time.runUntil(() => simulation.isEven(), LONG_MS);
    expect(tookMs).toBeLessThan(5 * RENEW_MS);
    expect(simulation.spread).toEqual([2, 2, 2, 2]);
    // Saved once a second here, and looked for every sixth of a renewal interval.
    expect([...pauses.values()].filter((ms) => ms > 0)).toHaveLength(4);
    expect(Math.max(...pauses.values())).toBeLessThan(1_100 + RENEW_MS / 6 + 200);
    await simulation.time.runUntil(() => simulation.savedRecords() === 4_800, 2 * LONG_MS);
    expect(simulation.savedRecords()).toBe(4_800);
    expect(simulation.repeats).toBe(0);
    expect(simulation.workers.map((worker) => worker.coordinator.status().lost)).toEqual([0, 0, 0, 0]);
    expect(simulation.violations).toEqual([]);
  });

  it('release a shard after the fail-over time though the store takes nothing; the rest is read twice', async () => {
    const simulation = await spread(4, 1, 600);
    const [a] = simulation.workers;
    a!.isUnavailable = true;
    await simulation.time.runFor(2_000);
    simulation.start('b');
    await simulation.time.runFor(FAILOVER_MS / 2);
    expect(simulation.spread).toEqual([2, 0]);
    await simulation.time.runUntil(() => simulation.isEven(), LONG_MS);
    expect(simulation.spread).toEqual([2, 2]);
    expect(a!.warnings).toContainEqual(expect.objectContaining({ code: 'LEASE_RELEASED_UNSAVED' }));
    a!.isUnavailable = false;
    await simulation.time.runUntil(() => simulation.savedRecords() === 2_400, 2 * LONG_MS);
    expect(simulation.savedRecords()).toBe(2_400);
    expect(simulation.repeats).toBeGreaterThan(0);
    expect(simulation.violations).toEqual([]);
  });

  it('continue at once where one that closed has stopped', async () => {
    const simulation = await spread(6, 2, 600);
    await simulation.time.runFor(5_000);
    void simulation.workers[0]!.close();
    const tookMs = await simulation.time.runUntil(() => simulation.isEven(), LONG_MS);
    expect(tookMs).toBeLessThan(2 * RENEW_MS);
    expect(simulation.spread).toEqual([6]);
    expect([...simulation.table.rows.keys()]).not.toContain('worker#a');
    await simulation.time.runUntil(() => simulation.savedRecords() === 3_600, 2 * LONG_MS);
    expect(simulation.repeats).toBe(0);
    expect(simulation.violations).toEqual([]);
  });

  it('clear away the row of one that was killed long ago, not of one that lives', async () => {
    const simulation = await spread(2, 3);
    simulation.workers[1]!.process.kill();
    await simulation.time.runFor(9 * FAILOVER_MS);
    expect(simulation.table.rows.has('worker#b')).toBe(true);
    await simulation.time.runFor(5 * FAILOVER_MS);
    expect([...simulation.table.rows.keys()].filter((key) => key.startsWith('worker#'))).toEqual([
      'worker#a',
      'worker#c',
    ]);
  });

  it('continue at once after a restart under the same id', async () => {
    const simulation = await spread(4, 1, 600);
    await simulation.time.runFor(5_000);
    simulation.workers[0]!.process.kill();
    await simulation.time.runFor(100);
    simulation.start('a');
    const tookMs = await simulation.time.runUntil(() => simulation.isEven(), LONG_MS);
    expect(tookMs).toBeLessThan(1_000);
    expect(simulation.violations).toEqual([]);
  });

  it('do not let one that was paused save anything after its shards were taken', async () => {
    const simulation = await spread(4, 2, 600);
    const [a, b] = simulation.workers;
    await simulation.time.runFor(2_000);
    a!.process.pause();
    await simulation.time.runUntil(() => b!.reading.size === 4, LONG_MS);
    await simulation.time.runFor(3_000);
    const before = simulation.table.rows.get('shardId-000000000000');
    a!.process.resume();
    await a!.coordinator.save(a!.coordinator.position(), () => '1');
    const after = simulation.table.rows.get('shardId-000000000000');
    expect(after?.leaseOwner).toBe('b');
    expect(after).toEqual(before);
    expect(a!.reading.size).toBe(0);
    expect(a!.coordinator.status()).toMatchObject({ held: 0, lost: 2 });
    await simulation.time.runUntil(() => simulation.isEven(), LONG_MS);
    expect(simulation.spread).toEqual([2, 2]);
    expect(simulation.violations).toEqual([]);
  });

  it('stop reading within the fail-over time when the table is out of reach, and continue when it is back', async () => {
    let isDown = false;
    const simulation = new Simulation({ shards: 4, records: 600 });
    for (const id of 'ab') simulation.start(id, { fault: () => (isDown ? 'before' : 'none') });
    await simulation.time.runUntil(() => simulation.isEven(), LONG_MS);
    const before = simulation.workers.map((worker) => worker.shardIds);
    isDown = true;
    const stoppedMs = await simulation.time.runUntil(
      () => simulation.spread.every((shards) => shards === 0),
      LONG_MS,
    );
    expect(stoppedMs).toBeLessThanOrEqual(FAILOVER_MS);
    expect(stoppedMs).toBeGreaterThan(FAILOVER_MS - 2 * RENEW_MS);
    expect(simulation.workers[0]!.failedSaves).toBeGreaterThan(0);
    await simulation.time.runFor(LONG_MS);
    isDown = false;
    const backMs = await simulation.time.runUntil(() => simulation.isEven(), LONG_MS);
    expect(backMs).toBeLessThan(RENEW_MS + 1_000);
    expect(simulation.workers.map((worker) => worker.shardIds)).toEqual(before);
    expect(simulation.violations).toEqual([]);
  });

  it('read children only after the parents, through a split and a merge', async () => {
    const simulation = await spread(2, 2, 20);
    const { stream, time } = simulation;
    const [first, second] = stream.shardIds;
    const [left, right] = stream.split(first!);
    const merged = stream.merge(right!, second!);
    stream.split(left!);
    for (const id of stream.openShardIds) stream.append(id, 5);
    const tookMs = await time.runUntil(() => simulation.isEven(), LONG_MS);
    expect(simulation.lease(merged)?.parents).toEqual([right, second]);
    // Not by waiting for the next list: the ends were saved, and that wakes.
    expect(tookMs).toBeLessThan(30_000);
    expect(simulation.lease(first!)).toMatchObject({
      checkpoint: { kind: 'SHARD_END' },
      children: [left, right],
    });
    for (const id of stream.openShardIds) stream.close(id);
    await time.runUntil(() => simulation.isFinished(), LONG_MS);
    expect(simulation.isFinished()).toBe(true);
    expect(simulation.savedRecords()).toBe(stream.totalRecords);
    expect(simulation.repeats).toBe(0);
    expect(simulation.violations).toEqual([]);
  });

  it('forget a shard when the stream has, but not its ledger', async () => {
    const simulation = await spread(2, 2, 20);
    const { stream, time } = simulation;
    const [first] = stream.shardIds;
    stream.split(first!);
    await time.runUntil(() => simulation.isEven(), LONG_MS);
    await time.runFor(LONG_MS);
    expect(simulation.lease(first!)?.checkpoint.kind).toBe('SHARD_END');
    stream.forget(first!);
    await time.runUntil(() => simulation.lease(first!) === undefined, 2 * LONG_MS);
    expect(simulation.lease(first!)).toBeUndefined();
    await time.runFor(LONG_MS);
    expect(simulation.savedRecords()).toBe(stream.totalRecords);
    const status = simulation.workers[0]!.coordinator.status();
    expect(status).toMatchObject({ recordsTotal: stream.totalRecords });
    expect(status.totalOf()).toBe(String(stream.totalRecords));
    expect(status.shards.filter(({ startable }) => startable)).toHaveLength(3);
    expect(simulation.violations).toEqual([]);
  });

  it('read the children at once when the stream has forgotten their parents before the first start', async () => {
    const simulation = new Simulation({ shards: 2 });
    const parent = simulation.stream.shardIds[0]!;
    simulation.stream.split(parent);
    simulation.stream.forget(parent);
    simulation.start('a');
    const tookMs = await simulation.time.runUntil(() => simulation.spread[0] === 3, LONG_MS);
    expect(tookMs).toBeLessThan(2_000);
    expect(simulation.violations).toEqual([]);
  });

  it('begin all shards of the first start at one moment, also after a crash in the middle of it', async () => {
    const simulation = new Simulation({ shards: 12, records: 0 });
    const initial = { kind: 'AT_TIMESTAMP', timestampMs: 1_795_000_000_000 } as const;
    const a = simulation.start('a', { initial });
    await simulation.time.runUntil(() => simulation.table.rows.size >= 4, LONG_MS);
    a.process.kill();
    const created = simulation.stream.shardIds.filter((id) => simulation.lease(id) !== undefined);
    expect(created.length).toBeLessThan(12);
    expect(created.length).toBeGreaterThan(0);
    simulation.start('b', { initial: { ...initial, timestampMs: initial.timestampMs + 99_000 } });
    await simulation.time.runUntil(() => simulation.isEven(), LONG_MS);
    for (const id of simulation.stream.shardIds) expect(simulation.lease(id)?.checkpoint).toEqual(initial);
    const [first] = simulation.stream.shardIds;
    simulation.stream.split(first!);
    await simulation.time.runUntil(() => simulation.isEven(), LONG_MS);
    for (const child of simulation.stream.childrenOf(first!)) {
      expect(simulation.lease(child)).toMatchObject({ parents: [first] });
    }
    await simulation.time.runFor(LONG_MS);
    for (const child of simulation.stream.childrenOf(first!))
      expect(simulation.lease(child)?.records).toBe(10);
    expect(simulation.violations).toEqual([]);
  });

  it('respect the limit of a worker, and leave unread what no worker may take', async () => {
    const simulation = new Simulation({ shards: 6 });
    simulation.start('a', { maxLeases: 1 });
    simulation.start('b', { maxLeases: 3 });
    await simulation.time.runFor(LONG_MS);
    expect(simulation.spread).toEqual([1, 3]);
    simulation.start('c');
    await simulation.time.runUntil(() => simulation.isEven() || simulation.spread[2] === 2, LONG_MS);
    await simulation.time.runFor(LONG_MS);
    expect(simulation.spread).toEqual([1, 3, 2]);
    expect(simulation.violations).toEqual([]);
  });

  it('refuse to start on a table that cannot be used, and on a stream that is missing', async () => {
    const simulation = new Simulation({ shards: 1 });
    const refusal = async (settings: WorkerSettings) => {
      const worker = simulation.idle(settings);
      let thrown: unknown;
      void worker.coordinator.open(worker).catch((error: unknown) => {
        thrown = error;
      });
      await simulation.time.runUntil(() => thrown !== undefined, LONG_MS);
      return thrown;
    };
    expect(await refusal({ fault: () => 'denied' })).toMatchObject({ code: 'LEASE_TABLE_UNUSABLE' });
    const missing = new SluiceError('KINESIS_STREAM_MISSING', 'no such stream');
    expect(await refusal({ listFault: () => missing })).toBe(missing);
    const unreachable = new SluiceError('KINESIS_UNREACHABLE', 'timed out');
    let isDown = true;
    simulation.start('b', { listFault: () => (isDown ? unreachable : undefined) });
    await simulation.time.runFor(LONG_MS);
    isDown = false;
    await simulation.time.runUntil(() => simulation.isEven(), LONG_MS);
    expect(simulation.workers.at(-1)?.warnings).toContainEqual(
      expect.objectContaining({ code: 'SHARDS_NOT_LISTED' }),
    );
    expect(simulation.spread).toEqual([1]);
  });
});
