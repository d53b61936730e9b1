import { describe, expect, it } from 'vitest';
import { deAggregate } from './de-aggregate.js';
import { PLAIN, Rig } from './producer-fixture.js';

describe('aggregates', () => {
  it('leave when their first record has waited for the linger time', async () => {
    const rig = new Rig({ lingerMs: 500, buckets: 1 });
    rig.send('a', '1');
    await rig.time.pass(400);
    rig.send('a', '2');
    await rig.time.pass(99);
    expect(rig.api.calls.length).toBe(0);
    await rig.time.pass(1);
    expect(rig.api.calls.map((entries) => entries.length)).toEqual([1]);
    expect(deAggregate(rig.api.calls[0]![0]!).map(({ payload }) => payload)).toEqual(['1', '2']);
  });

  it('are sent at once on flush, and what is added after it waits again', async () => {
    const rig = new Rig({ lingerMs: 500, buckets: 1 });
    rig.send('a', '1');
    rig.producer.flush();
    rig.send('a', '2');
    await rig.time.pass(20);
    expect(rig.outcome('1')).toBe('stored');
    expect(rig.api.calls.length).toBe(1);
    await rig.time.pass(600);
    expect(rig.outcome('2')).toBe('stored');
  });

  it('include on flush everything that waits in a busy queue', async () => {
    const rig = new Rig({ lingerMs: 60_000, buckets: 1, aggregateBytes: 200 }, () => ({ delayMs: 10 }));
    for (let n = 0; n < 100; n += 1) rig.send('a', `record-${n}`);
    rig.producer.flush();
    await rig.done(5_000);
    expect(rig.api.order('a').length).toBe(100);
  });

  it('are filled to just under one PUT payload unit, and gather while their queue is busy', async () => {
    const rig = new Rig({ buckets: 4 }, () => ({ delayMs: 200 }));
    for (let n = 0; n < 10_000; n += 1) rig.send(`device-${n % 100}`, `{"temperature":${n}}`.padEnd(120));
    await rig.done();
    const { kinesisRecordsSent, aggregateFill, putUnits, bytesSent, recordsSent } = rig.producer.counters();
    expect(recordsSent).toBe(10_000);
    // The last one of each bucket is not full.
    expect(aggregateFill / kinesisRecordsSent).toBeGreaterThan(0.93);
    expect(putUnits).toBe(kinesisRecordsSent);
    expect(bytesSent / 25_000).toBeLessThanOrEqual(kinesisRecordsSent);
  });

  it('let a record larger than an aggregate be sent alone, in its order', async () => {
    const rig = new Rig({ buckets: 1 });
    rig.send('a', 'before');
    rig.send('a', `${'x'.repeat(60_000)}`);
    rig.send('a', 'after');
    await rig.done();
    expect(rig.api.calls.map(([entry]) => deAggregate(entry!).length)).toEqual([1, 1, 1]);
    expect(rig.api.order('a').map((text) => text.length)).toEqual([6, 60_000, 5]);
    expect(rig.producer.counters().putUnits).toBe(5);
  });
});

describe('a queue that backs off', () => {
  it('waits out its back-off, whatever it was to be woken for before', async () => {
    const rig = new Rig({ buckets: 1, aggregateBytes: 150, lingerMs: 500 }, (call) =>
      call < 3 ? { error: 'KINESIS_THROTTLED' } : {},
    );
    // The first was to be sent after 500 ms; the second does not fit in with it, so it goes at once.
    rig.send('a', 'x'.repeat(60));
    rig.send('a', 'y'.repeat(60));
    await rig.time.pass(700);
    expect(rig.api.startedAtMs).toEqual([0, 110, 320]);
    await rig.time.pass(100);
    expect(rig.api.startedAtMs.slice(0, 4)).toEqual([0, 110, 320, 730]);
  });

  it('waits longer after each failure, up to 5 s', async () => {
    const rig = new Rig({ lingerMs: 0 }, () => ({ error: 'KINESIS_THROTTLED', delayMs: 0 }));
    rig.send('a', '1');
    await rig.time.pass(60_000);
    const at = rig.api.startedAtMs;
    const waits = at.slice(1).map((ms, i) => ms - at[i]!);
    expect(waits.slice(0, 8)).toEqual([100, 200, 400, 800, 1_599, 3_197, 4_995, 4_995]);
    expect(Math.max(...waits)).toBe(4_995);
  });
});

describe('requests', () => {
  it('have at most 500 entries', async () => {
    const rig = new Rig(PLAIN);
    for (let n = 0; n < 1_234; n += 1) rig.send(`d${n}`, `r-${n}`);
    await rig.done();
    expect(rig.api.calls.map((entries) => entries.length)).toEqual([500, 500, 234]);
    expect(rig.api.violations).toEqual([]);
    expect(rig.producer.counters().busyQueues).toBe(0);
  });

  it('have less than 5 MiB', async () => {
    const rig = new Rig(PLAIN);
    for (let n = 0; n < 60; n += 1) rig.send(`d${n}`, `${n}`.padEnd(300_000));
    await rig.done();
    expect(rig.api.violations).toEqual([]);
    expect(Math.max(...rig.api.calls.map((entries) => entries.length))).toBeGreaterThan(10);
  });

  it('run in parallel, up to their limit', async () => {
    const rig = new Rig({ ...PLAIN, maxConcurrentRequests: 3 }, () => ({ delayMs: 100 }));
    for (let n = 0; n < 5_000; n += 1) rig.send(`d${n}`, `r-${n}`);
    await rig.done();
    expect(rig.api.maxConcurrent).toBe(3);
  });

  it('hold a refused aggregate alone until the record in it is found: others are not refused with it', async () => {
    const rig = new Rig({ lingerMs: 1 });
    for (let n = 0; n < 64; n += 1) rig.send('ill', n === 37 ? 'poison' : `ill-${n}`);
    for (let n = 0; n < 200; n += 1) {
      rig.send(`d${n % 20}`, `r-${n}`);
      await rig.time.pass(2);
    }
    await rig.done();
    const refused = rig.api.calls.filter((entries) =>
      entries.some((entry) => deAggregate(entry).some(({ payload }) => payload === 'poison')),
    );
    const sizes = refused.map((entries) => entries.length);
    expect(sizes.slice(sizes.indexOf(1))).toEqual(Array(sizes.length - sizes.indexOf(1)).fill(1));
    // 64 user records are seven halvings.
    expect(sizes.filter((size) => size === 1).length).toBe(7);
    expect(rig.api.order('ill').length).toBe(63);
  });

  it('are shared by what gets ready within a few ms while others are in flight', async () => {
    const rig = new Rig(PLAIN, () => ({ delayMs: 50 }));
    for (let n = 0; n < 100; n += 1) {
      rig.send(`d${n}`, `r-${n}`);
      await rig.time.pass(1);
    }
    await rig.done();
    expect(rig.api.calls.length).toBeLessThan(20);
    expect(rig.api.calls[0]!.length).toBe(1);
  });
});
