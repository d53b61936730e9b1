import { expect, it } from 'vitest';
import { sharedRows } from '../../../src/pipeline/kinesis-shared-windows.js';
import { ComputingElection } from '../../../src/windows/shared/computing-election.js';
import { SharedTable } from '../../../src/windows/shared/shared-table.js';
import { SetClock } from '../../support/clock.js';
import { type LeaseFault, MemoryLeaseTable } from '../../support/memory-lease-table.js';

const FAILOVER_MS = 4_000;
const TURN_MS = 1_000;

function stand() {
  const memory = new MemoryLeaseTable();
  const clock = new SetClock();
  const candidate = (workerId: string) => {
    const faults: LeaseFault[] = [];
    const rows = memory.client({ fault: (call) => (call === 'write' ? (faults.shift() ?? 'none') : 'none') });
    const options = { workerId, failoverMs: FAILOVER_MS, turnMs: TURN_MS };
    const election = new ComputingElection(new SharedTable(sharedRows(rows)), options, clock);
    const turn = (closedToMs = 0) => election.turn({ closedToMs, report: workerId });
    return { election, faults, turn };
  };
  const one = candidate('one');
  const two = candidate('two');
  const pass = (ms = TURN_MS) => {
    clock.elapsedMs += ms;
  };
  return { one, two, pass, candidate };
}

it('elects who comes first; another one is elected when the owner has written nothing for the fail-over time', async () => {
  const { one, two, pass } = stand();
  expect([await one.turn(), one.election.isMine]).toEqual([false, true]);
  expect([await one.turn(), one.election.isMine]).toEqual([true, true]);
  for (let turns = 0; turns < 10; turns++) {
    pass();
    await one.turn();
    await two.turn();
    expect(two.election.isMine).toBe(false);
  }
  const { signal } = one.election;
  for (let turns = 0; turns < 3; turns++) {
    pass();
    await two.turn();
    expect(two.election.isMine).toBe(false);
    expect(one.election.isMine).toBe(true);
  }
  pass();
  expect(one.election.isMine).toBe(false);
  await two.turn();
  expect([two.election.isMine, two.election.row?.owner]).toEqual([true, 'two']);
  expect(await one.turn()).toBe(false);
  expect([one.election.isMine, signal.aborted]).toEqual([false, true]);
});

it('gives the owner time after the other one has stood still', async () => {
  const { one, two, pass } = stand();
  await one.turn();
  await two.turn();
  pass(10 * FAILOVER_MS);
  await two.turn();
  expect(two.election.isMine).toBe(false);
});

it('lets an earlier process of the same consumer expire', async () => {
  const { one, candidate, pass } = stand();
  await one.turn();
  const again = candidate('one');
  await again.turn();
  expect(again.election.isMine).toBe(false);
  for (let turns = 0; turns < 4; turns++) {
    pass();
    await again.turn();
  }
  expect(again.election.isMine).toBe(true);
});

it('keeps the row when a write was done without an answer, and expires when none is done', async () => {
  const { one, pass } = stand();
  await one.turn();
  one.faults.push('after');
  pass();
  await expect(one.turn()).rejects.toMatchObject({ code: 'LEASE_TABLE_UNREACHABLE' });
  expect(one.election.isMine).toBe(true);
  expect(await one.turn()).toBe(true);
  one.faults.push('before', 'before');
  for (let turns = 0; turns < 2; turns++) {
    pass(TURN_MS + 500);
    await expect(one.turn()).rejects.toMatchObject({ code: 'LEASE_TABLE_UNREACHABLE' });
  }
  pass(TURN_MS + 500);
  expect(await one.turn()).toBe(false);
  expect(one.election.isMine).toBe(false);
});

it('never lets the time up to which windows are closed fall, and keeps it over a change of the owner', async () => {
  const { one, two } = stand();
  await one.turn(900);
  expect(one.election.row?.closedToMs).toBe(Number.NEGATIVE_INFINITY);
  await one.turn(500);
  await one.turn(100);
  expect(one.election.row).toMatchObject({ closedToMs: 500, report: 'one' });
  await one.election.release();
  expect(one.election.isMine).toBe(false);
  await two.turn(700);
  expect(two.election.row).toMatchObject({ owner: 'two', closedToMs: 500 });
  await two.turn(700);
  expect(two.election.row).toMatchObject({ closedToMs: 700, report: 'two' });
});
