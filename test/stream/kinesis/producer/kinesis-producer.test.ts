import { describe, expect, it } from 'vitest';
import type { ErrorCode } from '../../../../src/lib/errors.js';
import { PLAIN, Rig, record } from './producer-fixture.js';
import type { CallFate } from './scripted-kinesis.js';

const ONCE =
  (error: ErrorCode, more: Partial<CallFate> = {}) =>
  (call: number) =>
    call === 0 ? { error, ...more } : {};

describe.each([
  ['with aggregation', {}],
  ['without aggregation', PLAIN],
])('the producer %s', (_name, options) => {
  it('stores everything in the order of each device', async () => {
    const rig = new Rig(options);
    for (let n = 0; n < 300; n += 1) rig.send(`d${n % 3}`, `r-${n}`);
    await rig.done();
    for (let d = 0; d < 3; d += 1) {
      expect(rig.api.order(`d${d}`)).toEqual(Array.from({ length: 100 }, (_, i) => `r-${i * 3 + d}`));
    }
    expect(rig.api.stored.length).toBe(300);
    expect(rig.producer.counters()).toMatchObject({
      recordsSent: 300,
      waitingRecords: 0,
      busyQueues: 0,
      retried: 0,
    });
  });

  it('sends again what failed in a response, whichever entries these are, before anything newer of their queues', async () => {
    for (let failing = 0; failing < 16; failing += 1) {
      const failures = new Map(
        [0, 1, 2, 3].filter((at) => failing & (1 << at)).map((at) => [at, 'throttled'] as const),
      );
      const rig = new Rig(options, (call) => (call === 0 ? { entries: failures } : {}));
      for (const n of [1, 2]) for (const d of ['a', 'b', 'c', 'd']) rig.send(d, `${d}${n}`);
      rig.producer.flush();
      await rig.time.pass(5);
      for (const d of ['a', 'b', 'c', 'd']) rig.send(d, `${d}3`);
      await rig.done();
      expect(rig.api.calls[0]!.length).toBe(4);
      for (const d of ['a', 'b', 'c', 'd']) expect(rig.api.order(d)).toEqual([`${d}1`, `${d}2`, `${d}3`]);
      expect(rig.api.stored.length).toBe(12);
      expect(rig.producer.counters()).toMatchObject({ throttled: failures.size, retried: failures.size });
      expect(rig.api.violations).toEqual([]);
    }
  });

  it('lets other queues continue while one is throttled', async () => {
    const hot = (entries: readonly { readonly partitionKey: string }[]) =>
      new Map(
        entries.flatMap(({ partitionKey }, at) =>
          partitionKey === 'hot' ? [[at, 'throttled'] as const] : [],
        ),
      );
    const rig = new Rig({ ...options, lingerMs: 10 }, (call, entries) =>
      call < 40 ? { entries: hot(entries) } : {},
    );
    rig.send('hot', 'h1');
    for (let n = 0; n < 20; n += 1) {
      rig.send('cold', `c${n}`);
      await rig.time.pass(50);
    }
    expect(rig.outcome('c18')).toBe('stored');
    expect(rig.outcome('h1')).toBeUndefined();
    expect(rig.producer.status()).toMatchObject({
      state: 'retrying',
      detail: 'throttled: throttled by the script',
    });
    for (let n = 20; n < 60; n += 1) {
      rig.send('cold', `c${n}`);
      await rig.time.pass(50);
    }
    await rig.done();
    expect(rig.producer.status()).toEqual({ state: 'healthy', detail: '' });
  });

  it('stores twice, and completes once, what was stored although the call timed out', async () => {
    const rig = new Rig(options, ONCE('KINESIS_UNREACHABLE', { storesAnyway: true, delayMs: 5_000 }));
    rig.send('a', 'a1');
    rig.producer.flush();
    rig.send('a', 'a2');
    await rig.done();
    expect(rig.outcome('a1')).toBe('stored');
    expect(rig.api.stored.map(({ payload }) => payload)).toEqual(['a1', 'a1', 'a2']);
    expect(rig.producer.counters()).toMatchObject({ ambiguous: 1, retried: 1, recordsSent: 2 });
  });

  it('sends again what a call that timed out had not stored', async () => {
    const rig = new Rig(options, ONCE('KINESIS_UNREACHABLE', { delayMs: 5_000 }));
    rig.send('a', 'a1');
    rig.producer.flush();
    rig.send('a', 'a2');
    await rig.done();
    expect(rig.api.stored.map(({ payload }) => payload)).toEqual(['a1', 'a2']);
  });

  it('sends again what a throttled call held, and counts each Kinesis record of it', async () => {
    const rig = new Rig(options, ONCE('KINESIS_THROTTLED'));
    for (const d of ['a', 'b', 'c']) rig.send(d, d);
    rig.producer.flush();
    await rig.done();
    expect(rig.api.stored.length).toBe(3);
    expect(rig.producer.counters()).toMatchObject({ throttled: 3, retried: 3, ambiguous: 0 });
  });

  it.each<[string, NonNullable<CallFate['garble']>]>([
    ['fewer results than entries', (results) => results.slice(1)],
    ['more results than entries', (results) => [...results, results[0]!]],
    ['no results', () => undefined as never],
    ['null for a result', (results) => [null as never, ...results.slice(1)]],
    ['neither ok nor not', (results) => [{} as never, ...results.slice(1)]],
    ['no sequence number', (results) => [{ ok: true } as never, ...results.slice(1)]],
    ['an unknown failure', (results) => [{ ok: false, failure: 'tired' } as never, ...results.slice(1)]],
  ])('takes an answer with %s for no answer', async (_what, garble) => {
    const rig = new Rig(options, (call) => (call === 0 ? { garble } : {}));
    for (const d of ['a', 'b', 'c']) rig.send(d, d);
    rig.producer.flush();
    await rig.time.pass(11);
    expect(rig.outcome('a')).toBeUndefined();
    await rig.done();
    for (const d of ['a', 'b', 'c']) expect(rig.outcome(d)).toBe('stored');
    expect(rig.producer.counters().ambiguous).toBeGreaterThan(0);
  });

  it('finds the one record that Kinesis refuses among good ones, and keeps all others in order', async () => {
    const rig = new Rig(options);
    const sent: string[] = [];
    for (let n = 0; n < 60; n += 1) sent.push(n === 21 || n === 40 ? `poison-${n}` : `r-${n}`);
    for (const [n, text] of sent.entries()) rig.send(`d${n % 6}`, text);
    rig.producer.flush();
    await rig.time.pass(1);
    for (let n = 0; n < 6; n += 1) rig.send(`d${n}`, `later-${n}`);
    await rig.done();
    for (let d = 0; d < 6; d += 1) {
      const good = sent.filter((text, n) => n % 6 === d && !text.startsWith('poison'));
      expect(rig.api.order(`d${d}`)).toEqual([...good, `later-${d}`]);
    }
    for (const n of [21, 40]) {
      expect(rig.outcome(`poison-${n}`)).toMatchObject({
        code: 'stream-refused',
        reason: expect.stringContaining('KINESIS_REQUEST_REFUSED at call'),
      });
    }
    expect(rig.producer.counters()).toMatchObject({ refused: 2, recordsSent: 64 });
    expect(rig.api.violations).toEqual([]);
  });

  it('refuses a record over the limit, with size and limit, and not inside send', async () => {
    const rig = new Rig({ ...options, maxRecordBytes: 1_000 });
    rig.send('a', 'before');
    rig.send('a', `large-${'x'.repeat(1_000)}`);
    rig.send('a', 'after');
    expect(rig.completions).toBe(0);
    await rig.done();
    const rejection = rig.outcome(`large-${'x'.repeat(1_000)}`);
    expect(rejection).toMatchObject({ code: 'stream-record-too-large' });
    const size = Number(
      /(\d+) bytes with its key; the limit is 1000$/.exec((rejection as { reason: string }).reason)![1],
    );
    expect(size).toBeGreaterThan(1_006);
    expect(size).toBeLessThan(1_100);
    expect(rig.api.order('a')).toEqual(['before', 'after']);
  });

  it('waits while the stream is denied: with a warning and one small request at a time, and continues afterwards', async () => {
    const faultyUntilMs = 10 * 60_000;
    const rig: Rig = new Rig({ ...options, lingerMs: 1 }, () =>
      rig.time.nowMs < faultyUntilMs ? { error: 'KINESIS_DENIED' } : {},
    );
    for (let n = 0; n < 50; n += 1) {
      rig.send(`d${n}`, `r-${n}`);
      await rig.time.pass(2);
    }
    await rig.time.pass(1_000);
    expect(rig.producer.status()).toMatchObject({
      state: 'misconfigured',
      detail: expect.stringContaining('KINESIS_DENIED at call'),
    });
    rig.api.maxConcurrent = 0;
    const before = rig.api.calls.length;
    await rig.time.pass(faultyUntilMs - rig.time.nowMs);
    const probes = rig.api.calls.slice(before);
    expect(rig.api.maxConcurrent).toBe(1);
    expect(probes.length).toBeGreaterThan(15);
    expect(probes.length).toBeLessThan(40);
    expect(Math.max(...probes.map((entries) => entries.length))).toBe(1);
    expect(rig.warnings.length).toBeGreaterThan(5);
    expect(rig.warnings.length).toBeLessThan(12);
    expect(rig.completions).toBe(0);
    await rig.done(31_000);
    expect(rig.api.stored.length).toBe(50);
    expect(rig.producer.status()).toEqual({ state: 'healthy', detail: '' });
    expect(rig.warnings.at(-1)).toBe('the Kinesis stream can be used again');
  });

  it('starts from one request after an outage, and not with all that has gathered', async () => {
    let isDown = true;
    let draws = 0;
    const spread = () => {
      draws += 1;
      return (draws * 0.618) % 1;
    };
    const rig = new Rig(
      { ...options, lingerMs: 1, maxConcurrentRequests: 8, aggregateBytes: 200 },
      () => (isDown ? { error: 'KINESIS_UNREACHABLE', delayMs: 40 } : { delayMs: 300 }),
      spread,
    );
    for (let n = 0; n < 400; n += 1) {
      rig.send(`d${n % 200}`, `r-${n}`);
      await rig.time.pass(3);
    }
    await rig.time.pass(20_000);
    await rig.time.until(() => rig.api.concurrent === 0);
    isDown = false;
    rig.api.maxConcurrent = 0;
    const first = rig.api.calls.length;
    await rig.done();
    const [a, b, , d] = rig.api.startedAtMs.slice(first);
    expect(b! - a!).toBeGreaterThanOrEqual(300);
    expect(d! - b!).toBeGreaterThanOrEqual(300);
    expect(rig.api.maxConcurrent).toBeGreaterThan(1);
    expect(rig.api.maxConcurrent).toBeLessThanOrEqual(8);
  });

  it('completes and logs nothing after close', async () => {
    const rig = new Rig({ ...options, maxConcurrentRequests: 2 }, (call) =>
      call === 0 ? { entries: new Map([[0, 'throttled']]) } : { error: 'KINESIS_DENIED' },
    );
    for (let n = 0; n < 10; n += 1) rig.send(`d${n}`, `r-${n}`);
    rig.producer.flush();
    await rig.time.pass(1);
    for (let n = 0; n < 10; n += 1) rig.send(`e${n}`, `second call ${n}`);
    rig.producer.flush();
    await rig.time.pass(1);
    expect(rig.api.concurrent).toBe(2);
    rig.send('d2', 'waiting');
    rig.send('d12', `large-${'x'.repeat(2_000_000)}`);
    await rig.producer.close();
    await rig.time.pass(60_000);
    rig.send('d3', 'behind');
    rig.producer.flush();
    await rig.time.pass(60_000);
    expect(rig.completions).toBe(0);
    expect(rig.warnings).toEqual([]);
    expect(rig.api.calls.length).toBe(2);
  });

  it('completes nothing after it is closed by what is completed', async () => {
    const rig = new Rig(options);
    let completed = 0;
    for (let n = 0; n < 10; n += 1) {
      rig.producer.send(record(`d${n}`, `r-${n}`), () => {
        completed += 1;
        void rig.producer.close();
      });
    }
    rig.producer.flush();
    await rig.time.pass(60_000);
    expect(completed).toBe(1);
  });

  it('takes records that are sent while another is being completed', async () => {
    const rig = new Rig(options);
    let left = 20;
    const again = () => {
      left -= 1;
      if (left > 0) rig.producer.send(record('a', `r-${left}`), again);
    };
    rig.producer.send(record('a', 'r-20'), again);
    await rig.time.until(() => left === 0);
    expect(rig.api.order('a')).toEqual(Array.from({ length: 20 }, (_, i) => `r-${20 - i}`));
  });

  it('knows the receive time of the oldest record that is not completed', async () => {
    const rig = new Rig(options, () => ({ delayMs: 1_000 }));
    const [older, newer] = [record('a', '1'), record('a', '2')];
    rig.producer.send(older, () => undefined);
    rig.producer.flush();
    await rig.time.pass(1);
    rig.producer.send(newer, () => undefined);
    expect(rig.producer.counters().oldestIncompleteNs).toBe(older.receivedAtNs);
    await rig.time.pass(1_001);
    expect(rig.producer.counters().oldestIncompleteNs).toBe(newer.receivedAtNs);
    await rig.time.pass(3_000);
    expect(rig.producer.counters().oldestIncompleteNs).toBeUndefined();
  });
});
