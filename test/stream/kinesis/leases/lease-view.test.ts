import { describe, expect, it } from 'vitest';
import type { Lease } from '../../../../src/stream/kinesis/leases/lease.js';
import type { WorkerHeartbeat } from '../../../../src/stream/kinesis/leases/lease-row.js';
import { LeaseView, Liveness } from '../../../../src/stream/kinesis/leases/lease-view.js';

const FAILOVER_MS = 900;
const RENEW_MS = 300;

function lease(shardId: string, counter: number, more: Partial<Lease> = {}): Lease {
  return {
    shardId,
    counter,
    checkpoint: { kind: 'TRIM_HORIZON' },
    parents: [],
    children: [],
    ownerSwitches: 0,
    records: 0,
    ledger: '',
    ...more,
  };
}

function viewOf(me = 'a') {
  const view = new LeaseView({ me, failoverMs: FAILOVER_MS, renewMs: RENEW_MS });
  const scan = (nowMs: number, leases: readonly Lease[], workers: readonly WorkerHeartbeat[] = []) => {
    view.beginScan();
    view.endScan({ leases: new Map(leases.map((one) => [one.shardId, one])), workers }, nowMs);
  };
  return { view, scan };
}

const NOTHING: ReadonlySet<string> = new Set();

describe('what a worker sees of the table', () => {
  it('is newer than a scan where it has written itself since the scan began', () => {
    const { view, scan } = viewOf();
    view.beginScan();
    view.wrote(lease('s', 5, { owner: 'a' }));
    view.endScan({ leases: new Map([['s', lease('s', 4)]]), workers: [] }, 0);
    expect(view.leases.get('s')).toMatchObject({ counter: 5, owner: 'a' });
    // A table that was wiped begins with lower counters: an earlier write does not hide that for ever.
    scan(100, [lease('s', 0)]);
    expect(view.leases.get('s')).toMatchObject({ counter: 0 });
  });

  it('frees a lease when its counter has not moved for the fail-over time', () => {
    const { view, scan } = viewOf();
    const readers = () => view.balanceLeases(NOTHING).map(({ reader }) => reader);
    for (let nowMs = 0; nowMs < FAILOVER_MS; nowMs += RENEW_MS) {
      scan(nowMs, [lease('s', 4, { owner: 'b' })]);
      expect(readers()).toEqual(['b']);
      expect(view.nextExpiryInMs()).toBe(FAILOVER_MS - nowMs);
    }
    scan(FAILOVER_MS, [lease('s', 4, { owner: 'b' })]);
    expect(readers()).toEqual([undefined]);
    scan(FAILOVER_MS + 1, [lease('s', 5, { owner: 'b' })]);
    expect(readers()).toEqual(['b']);
  });

  it('calls a free lease neglected only after the fail-over time in which it could have been taken', () => {
    const { view, scan } = viewOf();
    const parent = lease('p', 1, { owner: 'b' });
    const child = lease('c', 0, { parents: ['p'] });
    for (let nowMs = 0; nowMs <= 3_000; nowMs += RENEW_MS)
      scan(nowMs, [{ ...parent, counter: nowMs }, child]);
    expect(view.balanceLeases(NOTHING)).toEqual([{ shardId: 'p', reader: 'b', isNeglected: false }]);
    const ended: Lease = { ...parent, checkpoint: { kind: 'SHARD_END' } };
    for (let nowMs = 3_300; nowMs <= 3_900; nowMs += RENEW_MS) {
      scan(nowMs, [ended, child]);
      expect(view.balanceLeases(NOTHING)).toEqual([{ shardId: 'c', isNeglected: false }]);
    }
    scan(4_200, [ended, child]);
    expect(view.balanceLeases(NOTHING)).toEqual([{ shardId: 'c', isNeglected: true }]);
  });

  it('considers a worker dead with the first of its leases that expires, unless it still writes heartbeats', () => {
    const heartbeats = { silent: 1, alive: 1 };
    const { view, scan } = viewOf();
    // Its row was seen a little later than its leases.
    scan(0, [lease('s', 4, { owner: 'silent' }), lease('t', 4, { owner: 'alive' })]);
    for (const nowMs of [200, 500, 800, 900]) {
      heartbeats.alive += 1;
      scan(
        nowMs,
        [lease('s', 4, { owner: 'silent' }), lease('t', 4, { owner: 'alive' })],
        Object.entries(heartbeats).map(([workerId, heartbeat]) => ({ workerId, heartbeat })),
      );
    }
    expect(view.otherWorkers().map(({ workerId }) => workerId)).toEqual(['alive']);
    expect(view.balanceLeases(NOTHING).map(({ reader }) => reader)).toEqual([undefined, undefined]);
  });

  it('counts only time that was watched: after a long outage of the table no lease expires at once', () => {
    const liveness = new Liveness(600);
    liveness.observe(new Map([['x', 1]]), 0);
    liveness.observe(new Map([['x', 1]]), 500);
    expect(liveness.ageMs('x')).toBe(500);
    liveness.observe(new Map([['x', 1]]), 60_000);
    expect(liveness.ageMs('x')).toBe(1_100);
    liveness.observe(new Map([['x', 2]]), 60_100);
    expect(liveness.ageMs('x')).toBe(0);
    liveness.observe(new Map(), 60_200);
    liveness.observe(new Map([['x', 2]]), 60_300);
    expect(liveness.ageMs('x')).toBe(0);
  });
});
