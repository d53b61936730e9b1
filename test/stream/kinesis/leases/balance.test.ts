import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type BalanceLease,
  type BalanceWorker,
  balance,
  MAX_LEAVING,
} from '../../../../src/stream/kinesis/leases/balance.js';

const SEED = 20_261_121;
const RUNS = { seed: SEED, numRuns: 500 };
const NONE: ReadonlySet<string> = new Set();

interface State {
  readonly workers: readonly BalanceWorker[];
  /** The reader of each lease. */
  readonly readers: readonly (string | undefined)[];
}

const shardOf = (index: number) => `shard-${String(index).padStart(3, '0')}`;
const leasesOf = ({ readers }: State): BalanceLease[] =>
  readers.map((reader, index) => ({
    shardId: shardOf(index),
    isNeglected: false,
    reader,
  }));

/** Any number of workers and leases, each held by one of them or free. */
const states: fc.Arbitrary<State> = fc.integer({ min: 1, max: 9 }).chain((count) => {
  const workers = Array.from({ length: count }, (_, i) => ({ workerId: `worker-${i}` }));
  const reader = fc.option(fc.nat({ max: count - 1 }), { nil: undefined });
  return fc.array(reader, { maxLength: 60 }).map((readers) => ({
    workers,
    readers: readers.map((i) => (i === undefined ? undefined : `worker-${i}`)),
  }));
});

/** One round of everybody on the same view; the moves are done together. */
function round(state: State): State {
  const readers = [...state.readers];
  for (const { workerId } of state.workers) {
    const moves = balance({ me: workerId, workers: state.workers, leases: leasesOf(state), leaving: NONE });
    for (const shardId of moves.giveAway) {
      const index = Number(shardId.slice(-3));
      expect(state.readers[index]).toBe(workerId);
      readers[index] = undefined;
    }
    for (const shardId of moves.take) {
      const index = Number(shardId.slice(-3));
      expect(state.readers[index]).toBeUndefined();
      // Two never reach for the same one while they see the same.
      expect(readers[index]).toBeUndefined();
      readers[index] = workerId;
    }
  }
  return { ...state, readers };
}

function countsOf({ workers, readers }: State): number[] {
  return workers.map(({ workerId }) => readers.filter((reader) => reader === workerId).length);
}

describe('the balance', () => {
  it(`is even after a few rounds from any state, and then at rest (seed ${SEED})`, () => {
    fc.assert(
      fc.property(states, (start) => {
        let state = start;
        const largest = Math.max(...countsOf(start));
        const rounds = 2 * Math.ceil(largest / MAX_LEAVING) + 2;
        for (let i = 0; i < rounds; i += 1) state = round(state);
        const counts = countsOf(state);
        expect(state.readers).not.toContain(undefined);
        expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
        expect(round(state)).toEqual(state);
      }),
      RUNS,
    );
  });

  it(`moves no more leases than an even spread needs (seed ${SEED})`, () => {
    fc.assert(
      fc.property(states, (start) => {
        const counts = countsOf(start);
        const low = Math.floor(start.readers.length / counts.length);
        const spare = start.readers.length - low * counts.length;
        const sorted = [...counts].sort((a, b) => b - a);
        const needed = sorted.reduce((sum, n, i) => sum + Math.max(0, n - low - (i < spare ? 1 : 0)), 0);
        let moved = 0;
        let state = start;
        for (let i = 0; i < 20; i += 1) {
          const next = round(state);
          moved += next.readers.filter(
            (reader, at) => reader === undefined && state.readers[at] !== undefined,
          ).length;
          state = next;
        }
        expect(moved).toBe(needed);
      }),
      RUNS,
    );
  });

  it(`comes to rest when only one worker looks at a time, on what it sees then (seed ${SEED})`, () => {
    fc.assert(
      fc.property(states, fc.infiniteStream(fc.nat()), (start, turns) => {
        let state = start;
        for (let i = 0; i < 300; i += 1) {
          const { workerId } = state.workers[turns.next().value! % state.workers.length]!;
          const alone = { ...state, readers: [...state.readers] };
          const moves = balance({
            me: workerId,
            workers: state.workers,
            leases: leasesOf(state),
            leaving: NONE,
          });
          for (const id of moves.giveAway) alone.readers[Number(id.slice(-3))] = undefined;
          for (const id of moves.take) alone.readers[Number(id.slice(-3))] = workerId;
          state = alone;
        }
        const counts = countsOf(state);
        expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
        expect(state.readers).not.toContain(undefined);
      }),
      { ...RUNS, numRuns: 100 },
    );
  });

  it('waits for what others are about to give away, and for nothing else', () => {
    const view = (readers: (string | undefined)[]) => ({
      me: 'b',
      workers: [{ workerId: 'a' }, { workerId: 'b' }],
      leases: leasesOf({ workers: [], readers }),
      leaving: NONE,
    });
    expect(balance(view(['a', 'a', 'a'])).isWaiting).toBe(true);
    expect(balance(view(['a', 'a', undefined])).isWaiting).toBe(false);
    expect(balance(view(['a', 'a', 'b'])).isWaiting).toBe(false);
    expect(balance(view(['b', 'b', 'b'])).isWaiting).toBe(false);
  });

  it('keeps to the limits of workers, and spreads the rest evenly', () => {
    const workers = [{ workerId: 'a', maxLeases: 2 }, { workerId: 'b' }, { workerId: 'c' }];
    let state: State = { workers, readers: Array.from({ length: 12 }, () => undefined) };
    for (let i = 0; i < 4; i += 1) state = round(state);
    expect(countsOf(state)).toEqual([2, 5, 5]);
  });

  it('counts what is on its way out against what may leave at a time', () => {
    const leases = leasesOf({ workers: [], readers: Array.from({ length: 40 }, () => 'a') });
    const workers = [{ workerId: 'a' }, { workerId: 'b' }];
    const first = balance({ me: 'a', workers, leases, leaving: NONE });
    expect(first.giveAway).toHaveLength(MAX_LEAVING);
    const leaving = new Set(first.giveAway.slice(0, 5));
    const second = balance({ me: 'a', workers, leases, leaving });
    expect(second.giveAway).toHaveLength(MAX_LEAVING - 5);
    expect(second.giveAway.filter((id) => leaving.has(id))).toEqual([]);
  });

  it('counts readers that write no heartbeat', () => {
    const leases = leasesOf({ workers: [], readers: ['kcl', 'kcl', undefined, undefined] });
    expect(balance({ me: 'a', workers: [], leases, leaving: NONE }).take).toHaveLength(2);
  });

  it("takes one that no other worker has taken for long, though it is another one's", () => {
    const readers = ['a', 'a', 'b', undefined];
    const leases = leasesOf({ workers: [], readers }).map((lease) => ({ ...lease, isNeglected: true }));
    const view = { me: 'a', workers: [{ workerId: 'a' }, { workerId: 'b' }], leaving: NONE };
    expect(balance({ ...view, leases: leasesOf({ workers: [], readers }) }).take).toEqual([]);
    expect(balance({ ...view, leases }).take).toEqual(['shard-003']);
    const full = [{ workerId: 'a', maxLeases: 2 }, { workerId: 'b' }];
    expect(balance({ ...view, workers: full, leases }).take).toEqual([]);
  });
});
