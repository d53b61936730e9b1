import { describe, expect, it } from 'vitest';
import { HeldLeases } from '../../../../src/stream/kinesis/leases/held-leases.js';
import { type Lease, leastWatermarkMs } from '../../../../src/stream/kinesis/leases/lease.js';
import { LeaseTable } from '../../../../src/stream/kinesis/leases/lease-table.js';
import { LeaseView } from '../../../../src/stream/kinesis/leases/lease-view.js';
import { LeaseWarnings } from '../../../../src/stream/kinesis/leases/lease-warnings.js';
import type { ShardProgress } from '../../../../src/stream/kinesis/shard-position.js';
import { SetClock } from '../../../support/clock.js';
import { MemoryLeaseTable } from '../../../support/memory-lease-table.js';

const FAILOVER_MS = 900;

const upTo = (records: number): ShardProgress => ({
  at: { kind: 'BEHIND', sequenceNumber: String(records), subSequenceNumber: 0 },
  records,
});

/** The leases of worker `a`, with calls that can be held up on their way back, and the table as others see it. */
async function stand(watermarkMs?: (partition: string) => number | undefined) {
  const memory = new MemoryLeaseTable();
  const clock = new SetClock();
  let answers: Promise<void> | undefined;
  const client = memory.client({ arrive: () => answers ?? Promise.resolve() });
  const table = new LeaseTable(client);
  const others = new LeaseTable(memory.client());
  const seen: string[] = [];
  const warnings: Record<string, unknown>[] = [];
  const held = new HeldLeases({
    workerId: 'a',
    failoverMs: FAILOVER_MS,
    renewMs: FAILOVER_MS / 3,
    view: new LeaseView({ me: 'a', failoverMs: FAILOVER_MS, renewMs: FAILOVER_MS / 3 }),
    warnings: new LeaseWarnings((fields) => warnings.push(fields), clock),
    table,
    clock,
    ...(watermarkMs !== undefined && { watermarkMs }),
    listener: {
      begin: ({ partition, records }) => seen.push(`begin ${partition} at ${records}`),
      streamMadeAgain: () => undefined,
      end: (partition) => seen.push(`end ${partition}`),
    },
  });
  await others.create({
    shardId: 's',
    checkpoint: { kind: 'TRIM_HORIZON' },
    parents: [],
    startingHashKey: '0',
    endingHashKey: '1',
  });
  const row = async () => (await others.scan()).leases.get('s')!;
  /** Until the returned function is called, the table does what it is asked, and its answers are held back. */
  const holdUp = () => {
    let letGo = () => {};
    answers = new Promise((resolve) => {
      letGo = resolve;
    });
    return () => {
      answers = undefined;
      letGo();
    };
  };
  return { held, clock, calls: client.calls, others, row, holdUp, seen, warnings };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

describe('the leases a worker holds', () => {
  it('are written one after the other: each write names the counter of the one before', async () => {
    const { held, row, holdUp, clock, calls } = await stand();
    await held.take(await row());
    const writesBefore = calls.write;
    clock.elapsedMs += FAILOVER_MS / 2;
    const letGo = holdUp();
    const lease = held.get('s#0')!;
    const saving = [held.save(lease, upTo(3), '3'), held.save(lease, upTo(5), '5')];
    const renewing = held.renew();
    await settled();
    expect(await row()).toMatchObject({ counter: 2, records: 3 });
    letGo();
    await Promise.all([...saving, renewing]);
    expect(await row()).toMatchObject({ owner: 'a', counter: 3, records: 5 });
    expect(calls.write - writesBefore).toBe(2);
    expect(held.counts.lost).toBe(0);
  });

  it('do not go back when an older position is saved after a newer one, and are not renewed by it', async () => {
    const { held, row, clock } = await stand();
    await held.take(await row());
    const lease = held.get('s#0')!;
    await held.save(lease, upTo(5), '5');
    clock.elapsedMs += 100;
    await held.save(lease, upTo(3), '3');
    expect(await row()).toMatchObject({ counter: 2, records: 5, ledger: '5' });
    expect(lease.expiresAtMs).toBe(FAILOVER_MS);
  });

  it('begin no second assignment of a shard while a write of the first is in progress', async () => {
    const { held, row, holdUp, seen, clock } = await stand();
    await held.take(await row());
    const letGo = holdUp();
    const saving = held.save(held.get('s#0')!, upTo(3), '3');
    await settled();
    clock.elapsedMs += FAILOVER_MS;
    held.enforceDeadlines();
    const known = await row();
    const taking = held.take(known);
    await settled();
    expect(await row()).toEqual(known);
    letGo();
    await Promise.all([saving, taking]);
    expect(seen).toEqual(['begin s#0 at 0', 'end s#0']);
    await held.take(await row());
    expect(seen).toEqual(['begin s#0 at 0', 'end s#0', 'begin s#1 at 3']);
  });

  it('end as soon as a scan shows that another has taken them', async () => {
    const { held, row, others, seen, warnings } = await stand();
    await held.take(await row());
    await others.take(await row(), 'b');
    held.noticeTaken((await others.scan()).leases);
    expect(seen).toEqual(['begin s#0 at 0', 'end s#0']);
    expect(held.counts).toEqual({ taken: 1, lost: 1, released: 0 });
    expect(warnings).toEqual([expect.objectContaining({ code: 'LEASE_LOST', shard: 's' })]);
  });

  it('are not taken for lost by a scan that is older than the take', async () => {
    const { held, row, others } = await stand();
    const { leases } = await others.scan();
    await held.take(await row());
    held.noticeTaken(leases);
    expect(held.size).toBe(1);
  });

  it('begin no assignment that would already be over: the answer came after the fail-over time', async () => {
    const { held, row, holdUp, seen, clock } = await stand();
    const known = await row();
    const letGo = holdUp();
    const taking = held.take(known);
    await settled();
    clock.elapsedMs += FAILOVER_MS;
    letGo();
    await taking;
    expect(await row()).toMatchObject({ owner: 'a' });
    expect(seen).toEqual([]);
    await held.take(await row());
    expect(seen).toEqual(['begin s#0 at 0']);
  });

  it('are not added to once it closes, whichever comes first', async () => {
    const { held, row, holdUp, seen } = await stand();
    const known = await row();
    const letGo = holdUp();
    const taking = held.take(known);
    await settled();
    held.stopReading();
    letGo();
    await taking;
    await held.take(await row());
    expect(seen).toEqual([]);
    const free = await row();
    expect(free.counter).toBe(2);
    expect(free.owner).toBeUndefined();
  });

  it('are given away only when the last that was delivered is saved, and end once', async () => {
    const { held, row, seen } = await stand();
    await held.take(await row());
    const lease = held.get('s#0')!;
    lease.delivered = upTo(5);
    await held.giveAway('s');
    await held.save(lease, upTo(3), '3');
    await held.giveAway('s');
    expect(await row()).toMatchObject({ owner: 'a', records: 3 });
    await held.save(lease, upTo(5), '5');
    const free = await row();
    expect(free.owner).toBeUndefined();
    expect(free).toMatchObject({ records: 5, ledger: '5' });
    expect(seen).toEqual(['begin s#0 at 0', 'end s#0']);
    expect(held.counts).toEqual({ taken: 1, lost: 0, released: 1 });
  });
});

describe('the watermark of a held lease', () => {
  it('is saved with renewals and checkpoints, not before a killed reader has lost its time, and never falls', async () => {
    let nowMs: number | undefined = 100;
    const { held, row, clock } = await stand(() => nowMs);
    await held.take(await row());
    const lease = held.get('s#0')!;
    await held.save(lease, upTo(1), '1');
    clock.elapsedMs += FAILOVER_MS - 1;
    await held.renew();
    expect((await row()).watermarkMs).toBeUndefined();
    expect([...held.watermarks()]).toEqual([['s#0', Number.NEGATIVE_INFINITY]]);
    clock.elapsedMs += 1;
    await held.save(lease, upTo(2), '2');
    expect((await row()).watermarkMs).toBe(100);
    nowMs = 50;
    await held.save(lease, upTo(3), '3');
    nowMs = undefined;
    await held.save(lease, upTo(4), '4');
    expect((await row()).watermarkMs).toBe(100);
    nowMs = 200;
    clock.elapsedMs += FAILOVER_MS / 2;
    await held.renew();
    expect((await row()).watermarkMs).toBe(200);
    expect([...held.watermarks()]).toEqual([['s#0', 200]]);
  });

  it('counts from when it is sent, and only while no other worker can have taken or ended the shard', async () => {
    const { held, row, clock, holdUp } = await stand(() => 100);
    await held.take(await row());
    const lease = held.get('s#0')!;
    clock.elapsedMs += FAILOVER_MS / 2;
    await held.renew();
    clock.elapsedMs += FAILOVER_MS / 2;
    const letGo = holdUp();
    const saving = held.save(lease, upTo(1), '1');
    await settled();
    expect([...held.watermarks()]).toEqual([['s#0', 100]]);
    letGo();
    await saving;
    clock.elapsedMs += FAILOVER_MS - 1;
    expect(held.watermarks().size).toBe(1);
    clock.elapsedMs += 1;
    expect(held.watermarks().size).toBe(0);
  });

  it.each([
    ['its release', async (held: HeldLeases) => held.giveAway('s')],
    [
      'its end',
      async (held: HeldLeases) => {
        await held.save(held.get('s#0')!, { at: { kind: 'SHARD_END' }, records: 1 }, '1');
      },
    ],
  ])('does not count any more when %s was sent, whatever the answer', async (_what, give) => {
    const { held, row, holdUp } = await stand(() => 100);
    await held.take(await row());
    expect(held.watermarks().size).toBe(1);
    const letGo = holdUp();
    const giving = give(held);
    await settled();
    expect(held.watermarks().size).toBe(0);
    letGo();
    await giving;
  });
});

describe('the least watermark', () => {
  const lease = (
    shardId: string,
    watermarkMs?: number,
    parents: readonly string[] = [],
    isEnded = false,
  ): Lease => ({
    shardId,
    counter: 0,
    checkpoint: isEnded ? { kind: 'SHARD_END' } : { kind: 'TRIM_HORIZON' },
    parents,
    children: [],
    ownerSwitches: 0,
    records: 0,
    ledger: '',
    ...(watermarkMs !== undefined && { watermarkMs }),
  });

  it.each([
    ['no shard', [], Number.NEGATIVE_INFINITY],
    ['two shards', [lease('a', 2), lease('b', 1)], 1],
    ['one that has none', [lease('a', 2), lease('b')], Number.NEGATIVE_INFINITY],
    ['one that has ended', [lease('a', 2), lease('b', 1, [], true)], 2],
    ['only ended ones', [lease('b', 1, [], true)], Number.NEGATIVE_INFINITY],
    ['a child that waits for its parent', [lease('a', 2), lease('c', undefined, ['a'])], 2],
    [
      'a child that waits for one of two',
      [lease('a', 2), lease('b', 1, [], true), lease('c', undefined, ['a', 'b'])],
      2,
    ],
    [
      'a child that may be read',
      [lease('a', 2, [], true), lease('b', 5), lease('c', undefined, ['a'])],
      Number.NEGATIVE_INFINITY,
    ],
    ['a child whose parent is gone', [lease('c', 3, ['a'])], 3],
  ])('of %s', (_what, leases, expected) => {
    expect(leastWatermarkMs(leases)).toBe(expected);
  });
});
