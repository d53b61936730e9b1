import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { LeaseFault } from '../../../support/memory-lease-table.js';
import { FAILOVER_MS, type SimulatedWorker } from './simulated-worker.js';
import { Simulation } from './simulation.js';

const SEED = 20_261_121;
const SCHEDULES = 200;
const MAX_WORKERS = 5;
const CALM_LIMIT_MS = 20 * 60_000;
const CLEAR_FAULTS: readonly LeaseFault[] = ['before', 'after', 'late', 'denied'];

/** mulberry32. */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A stream and its workers under a storm of crashes, joins, pauses, faults and reshards; then calm, until all is read. */
async function runSchedule(seed: number): Promise<{ simulation: Simulation; happened: string[] }> {
  const random = randomOf(seed);
  const pick = <T>(all: readonly T[]): T | undefined => all[Math.floor(random() * all.length)];
  const simulation = new Simulation({ shards: 1 + Math.floor(random() * 5), records: 40, random });
  const { stream, time } = simulation;
  const happened: string[] = [];
  let faultRate = random() < 0.5 ? 0.02 + random() * 0.15 : 0;
  let isTableDown = false;
  let workerCount = 0;
  const fault = (): LeaseFault => {
    if (isTableDown) return 'before';
    return random() < faultRate ? pick(CLEAR_FAULTS)! : 'none';
  };
  const start = (workerId = `w${workerCount++}`) => {
    const recordsPerRead = 1 + Math.floor(random() * 8);
    simulation.start(workerId, { fault, recordsPerRead, requestMs: () => random() * 40 });
  };
  const killed = () => simulation.workers.filter((worker) => worker.process.isKilled);
  const runningNow = (): SimulatedWorker | undefined => pick(simulation.running);
  const storms: Readonly<Record<string, () => void>> = {
    join: () => simulation.running.length < MAX_WORKERS && start(),
    kill: () => runningNow()?.process.kill(),
    restart: () => {
      const workerId = pick(killed())?.workerId;
      const isBack = simulation.workers.some((w) => w.workerId === workerId && !w.process.isKilled);
      if (workerId !== undefined && !isBack) start(workerId);
    },
    close: () => void runningNow()?.close(),
    pause: () => {
      const worker = runningNow();
      worker?.process.pause();
      void time.sleep(random() * 3 * FAILOVER_MS).then(() => worker?.process.resume());
    },
    stick: () => {
      const worker = runningNow();
      if (worker === undefined) return;
      worker.isUnavailable = true;
      void time.sleep(random() * 2 * FAILOVER_MS).then(() => {
        worker.isUnavailable = false;
      });
    },
    outage: () => {
      isTableDown = true;
      void time.sleep(random() * 2 * FAILOVER_MS).then(() => {
        isTableDown = false;
      });
    },
    split: () => {
      const id = pick(stream.openShardIds);
      if (id !== undefined && stream.shardIds.length < 24) stream.split(id, Math.floor(random() * 30));
    },
    merge: () => {
      const [a, b] = [pick(stream.openShardIds), pick(stream.openShardIds)];
      if (a !== undefined && b !== undefined && a !== b && stream.shardIds.length < 24) stream.merge(a, b);
    },
    append: () => {
      for (const id of stream.openShardIds) stream.append(id, Math.floor(random() * 20));
    },
    forget: () => {
      const ended = stream.shardIds.filter((id) => simulation.lease(id)?.checkpoint.kind === 'SHARD_END');
      const id = pick(ended);
      if (id !== undefined) stream.forget(id);
    },
  };
  start();
  start();
  for (let step = 0; step < 25; step += 1) {
    const name = pick(Object.keys(storms))!;
    happened.push(`${Math.round(time.nowMs)} ${name}`);
    storms[name]!();
    await time.runFor(random() * 8_000);
  }
  faultRate = 0;
  await time.runFor(3 * FAILOVER_MS);
  if (simulation.running.length === 0) start();
  for (const id of stream.openShardIds) stream.close(id);
  await time.runUntil(() => simulation.isFinished(), CALM_LIMIT_MS);
  await time.runFor(2 * 60_000);
  return { simulation, happened };
}

describe('any schedule of crashes, joins, pauses, faults and reshards', () => {
  it(`leaves every shard read to its end, each record once in the ledger (seed ${SEED})`, async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(), async (seed) => {
        const { simulation, happened } = await runSchedule(seed);
        const story = `schedule ${seed}: ${happened.join(', ')}`;
        expect(simulation.violations, story).toEqual([]);
        expect(simulation.isFinished(), story).toBe(true);
        expect(simulation.savedRecords(), story).toBe(simulation.stream.totalRecords);
        const status = simulation.running[0]!.coordinator.status();
        expect(status.recordsTotal, story).toBe(simulation.stream.totalRecords);
        expect(Number(status.totalOf()), story).toBe(simulation.stream.totalRecords);
      }),
      { seed: SEED, numRuns: SCHEDULES, endOnFailure: true },
    );
  });
});
