import { describe, expect, test } from 'vitest';
import { SluiceError } from '../../../src/lib/errors.js';
import { HEALTH_MEASUREMENT } from '../../../src/sink/influx/influx-options.js';
import type { Point } from '../../../src/sink/point.js';
import type { SinkContact } from '../../../src/sink/sink.js';
import type { ScriptedAnswer, StoreCall } from '../../support/fake-store.js';
import { pointOf, seriesOf } from '../../support/points.js';
import { steeredSink } from './influx-fixture.js';

const DONE: ScriptedAnswer = { status: 204 };
const never = () => new AbortController().signal;
const series = seriesOf('m', { device: 'a' });
const pointsOf = (count: number): Point[] =>
  Array.from({ length: count }, (_, i) => pointOf(series, BigInt(i), { v: i }));
const refuse = (status: number, error: string): ScriptedAnswer => ({
  status,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({ error }),
});
const isHealthLine = (call: StoreCall) => call.body.startsWith(`${HEALTH_MEASUREMENT} `);
/** Refuses requests that hold any of these lines (by timestamp), as InfluxDB does. */
const refusing = (bad: readonly number[], status = 400) => {
  const endings = bad.map((t) => ` ${t}`);
  return (call: StoreCall) =>
    call.lines.some(
      (line) => endings.some((end) => line.endsWith(end)) && !line.startsWith(HEALTH_MEASUREMENT),
    )
      ? refuse(status, 'unable to parse')
      : DONE;
};

describe('the request', () => {
  test.each([
    [
      { version: 1, database: 'd b', retentionPolicy: 'r&p', username: 'u', password: 'p' },
      '/write?db=d%20b&rp=r%26p&precision=n',
      'Basic dTpw',
    ],
    [
      { version: 2, org: 'o rg', bucket: 'b/x', token: 't' },
      '/api/v2/write?org=o%20rg&bucket=b%2Fx&precision=ns',
      'Token t',
    ],
    [
      { version: 3, database: 'd', token: 't' },
      '/api/v3/write_lp?db=d&precision=nanosecond&accept_partial=true&no_sync=false',
      'Bearer t',
    ],
  ] as const)(
    'goes to the path of its version in ns with the credentials in a header',
    async (options, path, auth) => {
      const { sink, store } = await steeredSink(() => DONE, options);
      expect(await sink.write(pointsOf(1), never())).toEqual([]);
      expect(store.calls).toHaveLength(1);
      expect(store.calls[0]).toMatchObject({ method: 'POST', path, body: 'm,device=a v=0 0' });
      expect(store.calls[0]?.headers.authorization).toBe(auth);
    },
  );

  test('holds at most maxBatchLines lines and maxBatchBytes bytes', async () => {
    const byLines = await steeredSink(() => DONE, { maxBatchLines: 4 });
    await byLines.sink.write(pointsOf(10), never());
    expect(byLines.store.calls.map((call) => call.lines.length)).toEqual([4, 4, 2]);
    const byBytes = await steeredSink(() => DONE, { maxBatchBytes: 40 });
    await byBytes.sink.write(pointsOf(5), never());
    expect(byBytes.store.calls.map((call) => call.lines.length)).toEqual([2, 2, 1]);
    for (const call of byBytes.store.calls) expect(Buffer.byteLength(call.body)).toBeLessThanOrEqual(40);
  });

  test('is compressed only when asked for on loopback', async () => {
    const zipped = await steeredSink(() => DONE, { gzip: true });
    await zipped.sink.write(pointsOf(500), never());
    expect(zipped.store.calls[0]?.headers['content-encoding']).toBe('gzip');
    expect(zipped.store.calls[0]?.lines).toHaveLength(500);
    const plain = await steeredSink(() => DONE);
    await plain.sink.write(pointsOf(500), never());
    expect(plain.store.calls[0]?.headers['content-encoding']).toBeUndefined();
  });

  test('is not sent at all when no point has a line', async () => {
    const { sink, store } = await steeredSink(() => DONE);
    const rejections = await sink.write([pointOf(seriesOf('_m'), 1n, { v: 1 })], never());
    expect(rejections.map(({ code }) => code)).toEqual(['not-expressible']);
    expect(store.calls).toHaveLength(0);
  });

  test('with concurrent requests, the points of a series keep their order', async () => {
    const { sink, store } = await steeredSink(() => DONE, { concurrency: 4, maxBatchLines: 10 });
    const all = Array.from({ length: 12 }, (_, d) => () => seriesOf('m', { device: `d${d}` }));
    // A new object each time: the content of a series decides, not the object.
    const points = Array.from({ length: 240 }, (_, i) => pointOf(all[i % 12]!(), BigInt(i), { v: 1 }));
    await sink.write(points, never());
    const seen = new Map<string, number[]>();
    for (const line of store.calls.flatMap((call) => call.lines)) {
      const [key = '', , time] = line.split(' ');
      seen.set(key, [...(seen.get(key) ?? []), Number(time)]);
    }
    expect(seen.size).toBe(12);
    for (const times of seen.values()) {
      expect(times).toHaveLength(20);
      expect(times).toEqual([...times].sort((a, b) => a - b));
    }
    expect(new Set(store.calls.map((call) => call.connection)).size).toBeGreaterThan(1);
  });
});

describe('an outage is waited for', () => {
  test.each([429, 503])('%i with Retry-After: 2 waits two seconds, not two ms', async (status) => {
    const { sink, pausesMs } = await steeredSink((_call, i) =>
      i === 0 ? { status, headers: { 'retry-after': '2' } } : DONE,
    );
    expect(await sink.write(pointsOf(3), never())).toEqual([]);
    expect(pausesMs).toEqual([2_000]);
  });

  test('Retry-After is honoured up to a minute', async () => {
    const { sink, pausesMs } = await steeredSink((_call, i) =>
      i === 0 ? { status: 503, headers: { 'retry-after': '86400' } } : DONE,
    );
    await sink.write(pointsOf(1), never());
    expect(pausesMs).toEqual([60_000]);
  });

  // The clock of these tests stands at 02:23:06 on that day.
  test.each([
    ['Thu, 21 Nov 2024 02:23:13 GMT', 7_000],
    ['Thursday, 21-Nov-24 02:23:13 GMT', 7_000],
    ['Thu Nov 21 02:23:13 2024', 7_000],
    ['Fri, 22 Nov 2024 02:23:13 GMT', 60_000],
    ['Wed, 20 Nov 2024 02:23:13 GMT', 100],
    ['in 5 minutes', 100],
    ['9'.repeat(400), 60_000],
    ['-5', 100],
  ])('Retry-After: %s waits about %i ms', async (header, waitMs) => {
    const { sink, pausesMs } = await steeredSink((_call, i) =>
      i === 0 ? { status: 503, headers: { 'retry-after': header } } : DONE,
    );
    await sink.write(pointsOf(1), never());
    expect(Math.abs(pausesMs[0]! - waitMs)).toBeLessThan(1_000);
  });

  test.each([
    ['https://new.example/influx/api/v2/write?org=iot', 'to https://new.example/influx: set sink.influx.url'],
    ['/login', '/login: set sink.influx.url'],
    ['//user:hunter2@new.example/', 'to http://new.example: set sink.influx.url'],
  ])('a redirect to %s names where it leads', async (location, words) => {
    const { sink, warnings } = await steeredSink((_call, i) =>
      i === 0 ? { status: 301, headers: { location } } : DONE,
    );
    expect(await sink.write(pointsOf(1), never())).toEqual([]);
    expect(warnings[0]?.sentence).toContain('answered 301 to ');
    expect(warnings[0]?.sentence).toContain(words);
    expect(warnings[0]?.sentence).not.toContain('hunter2');
  });

  test.each([200, 404, 502])('%i with a page for people is recognised', async (status) => {
    const { sink, warnings } = await steeredSink((_call, i) =>
      i === 0
        ? { status, headers: { 'content-type': 'text/html' }, body: '<html><title>Hotel Wi-Fi</title>' }
        : DONE,
    );
    expect(await sink.write(pointsOf(1), never())).toEqual([]);
    expect(warnings[0]?.sentence).toContain(
      `answered as no InfluxDB does (${status}: a web page with the title "Hotel Wi-Fi")`,
    );
  });

  test('500 answers are retried with growing pauses up to four seconds, the same lines each time', async () => {
    const { sink, store, pausesMs, warnings } = await steeredSink((_call, i) =>
      i < 8 ? refuse(500, 'engine') : DONE,
    );
    expect(await sink.write(pointsOf(2), never())).toEqual([]);
    expect(pausesMs).toEqual([100, 200, 400, 800, 1_600, 3_200, 4_000, 4_000]);
    expect(new Set(store.calls.map((call) => call.body)).size).toBe(1);
    expect(sink.counters()).toMatchObject({ requests: 9, retries: 8, pointsWritten: 2, pointsRefused: 0 });
    expect(sink.status()).toEqual({ state: 'healthy', detail: '' });
    expect(warnings).toHaveLength(1);
    expect(warnings[0]?.sentence).toContain('500: engine');
  });

  test.each([
    ['hang', 'no-answer', 100],
    [refuse(503, 'busy'), 'unavailable', 100],
    [refuse(401, 'unauthorized'), 'configuration', 1_000],
  ] as const)('while it is retried, it is known why and when again: %#', async (answer, trouble, waitMs) => {
    const contacts: SinkContact[] = [];
    const { sink } = await steeredSink(
      (_call, i) => {
        contacts.push(sink.contact());
        return i < 1 ? answer : DONE;
      },
      { timeoutMs: 60 },
    );
    await sink.write(pointsOf(1), never());
    const nowMs = 1_732_155_786_123;
    // Nothing is known before the first answer, and an outage is none.
    expect(contacts).toEqual([{}, { trouble, nextTryMs: nowMs + waitMs }]);
    expect(sink.contact()).toEqual({ lastAnswerMs: nowMs });
  });

  test('a 500 after the store has applied the write sends the identical lines again', async () => {
    const stored = new Map<string, string>();
    const { sink } = await steeredSink((call, i) => {
      for (const line of call.lines)
        stored.set(
          line
            .split(' ')
            .slice(0, 1)
            .concat(line.split(' ')[2] ?? '')
            .join(),
          line,
        );
      return i === 0 ? refuse(500, 'timeout') : DONE;
    });
    await sink.write(pointsOf(20), never());
    expect(stored.size).toBe(20);
  });

  test('a store that hangs is left after the time-out and its connection is closed', async () => {
    const { sink, store } = await steeredSink((_call, i) => (i < 5 ? 'hang' : DONE), { timeoutMs: 60 });
    // More time-outs than the sink has connections: one that were kept would block the sixth call.
    expect(await sink.write(pointsOf(1), never())).toEqual([]);
    expect(store.calls).toHaveLength(6);
    await expect.poll(() => store.openConnections()).toBeLessThanOrEqual(1);
  });

  test('abort ends the wait for a hanging store at once with SINK_ABORTED', async () => {
    const { sink, store } = await steeredSink(() => 'hang', { timeoutMs: 600_000 });
    const stop = new AbortController();
    const writing = sink.write(pointsOf(1), stop.signal).catch((thrown: unknown) => thrown);
    await expect.poll(() => store.calls.length).toBe(1);
    stop.abort();
    const thrown = await writing;
    expect(thrown).toBeInstanceOf(SluiceError);
    expect(thrown).toMatchObject({ code: 'SINK_ABORTED' });
    await expect.poll(() => store.openConnections()).toBe(0);
  });

  test('a signal that is aborted already sends nothing', async () => {
    const { sink, store } = await steeredSink(() => DONE);
    await expect(sink.write(pointsOf(1), AbortSignal.abort())).rejects.toMatchObject({
      code: 'SINK_ABORTED',
    });
    expect(store.calls).toHaveLength(0);
  });

  test.each(['cut', 'half'] as const)('an answer that is %s is no answer', async (end) => {
    const { sink, store } = await steeredSink((_call, i) => (i === 0 ? end : DONE));
    expect(await sink.write(pointsOf(4), never())).toEqual([]);
    expect(store.calls.map((call) => call.lines.length)).toEqual([4, 4]);
  });

  test('one 5xx text means success: the hinted handoff of InfluxDB Enterprise', async () => {
    const { sink, store } = await steeredSink(() =>
      refuse(500, 'write failed: hinted handoff queue not empty'),
    );
    expect(await sink.write(pointsOf(1), never())).toEqual([]);
    expect(store.calls).toHaveLength(1);
  });

  test.each([200, 202, 302, 307])(
    '%i is not success and not followed: it is tried again with a warning',
    async (status) => {
      const { sink, store, warnings } = await steeredSink((_call, i) =>
        i === 0 ? { status, headers: { location: '/elsewhere' }, body: 'hello' } : DONE,
      );
      expect(await sink.write(pointsOf(1), never())).toEqual([]);
      expect(store.calls.map((call) => call.path)).toEqual([store.calls[0]?.path, store.calls[0]?.path]);
      expect(warnings[0]?.fields).toMatchObject({ code: 'STORE_UNEXPECTED', status });
    },
  );
});

describe('a configuration fault is waited for with an alarm', () => {
  test.each([
    [401, 'sink.influx.token'],
    [403, 'sink.influx.token'],
    [404, 'bucket "iotdata"'],
  ])('%i keeps the points, suggests a fix, and writes once it is fixed', async (status, hint) => {
    const seen: string[] = [];
    const { sink, store, warnings, pausesMs } = await steeredSink((_call, i) => {
      if (i === 1) seen.push(sink.status().state, sink.status().detail);
      return i < 9 ? refuse(status, 'no') : DONE;
    });
    expect(await sink.write(pointsOf(2), never())).toEqual([]);
    expect(store.calls).toHaveLength(10);
    expect(seen[0]).toBe('misconfigured');
    expect(seen[1]).toContain(hint);
    expect(seen[1]).not.toContain('secret');
    expect(Math.max(...pausesMs)).toBe(60_000);
    expect(sink.status().state).toBe('healthy');
    // Pauses of 1, 2, 4, 8, 16, 32, 60, 60, 60 s: the warning repeats, at most every 30 s.
    expect(warnings.map((warning) => warning.fields.heldBack)).toEqual([0, 4, 0, 0, 0]);
  });
});

test('404 for the organisation of InfluxDB 2 names that', async () => {
  const { sink, warnings } = await steeredSink((_call, i) =>
    i === 0 ? refuse(404, 'organization name "iot" not found') : DONE,
  );
  expect(await sink.write(pointsOf(1), never())).toEqual([]);
  expect(warnings[0]?.sentence).toContain('does not know the organisation "iot"');
  expect(warnings[0]?.sentence).toContain('correct sink.influx.org');
});

describe('only bad lines are rejected', () => {
  test.each([400, 422])(
    'with %i they are rejected with the message of the store, and the others are written',
    async (status) => {
      const { sink, store } = await steeredSink(refusing([7, 63, 64, 99], status));
      const rejections = await sink.write(pointsOf(100), never());
      expect(rejections).toEqual(
        [7, 63, 64, 99].map((index) => ({ index, code: 'store-refused', reason: 'unable to parse' })),
      );
      const written = new Set(
        store.calls.filter((call) => refusing([7, 63, 64, 99])(call) === DONE).flatMap((call) => call.lines),
      );
      expect([...written].filter((line) => !line.startsWith(HEALTH_MEASUREMENT))).toHaveLength(96);
      expect(sink.counters()).toMatchObject({ pointsWritten: 96, pointsRefused: 4 });
    },
  );

  test('one among 5,000 costs fewer than 32 requests', async () => {
    const { sink, store } = await steeredSink(refusing([3_210]));
    expect(await sink.write(pointsOf(5_000), never())).toHaveLength(1);
    expect(store.calls.length).toBeLessThan(32);
  });

  test('a line is rejected only after a second refusal with a pause in between', async () => {
    const { sink, store, pausesMs } = await steeredSink(refusing([0]));
    expect(await sink.write(pointsOf(1), never())).toHaveLength(1);
    expect(store.calls.map((call) => (isHealthLine(call) ? 'health' : call.body))).toEqual([
      'm,device=a v=0 0',
      'health',
      'health',
      'm,device=a v=0 0',
    ]);
    expect(pausesMs).toEqual([250]);
  });

  test('after a line is accepted at the second try, the lines behind it are written again', async () => {
    let refusals = 0;
    const { sink, store } = await steeredSink((call) => {
      const isSuspect = call.lines.some((line) => line.endsWith(' 1'));
      if (isSuspect && refusals < 3) {
        refusals++;
        return refuse(400, 'flaky');
      }
      return DONE;
    });
    expect(await sink.write(pointsOf(4), never())).toEqual([]);
    expect(refusals).toBe(3);
    // Of two points with one identity the later one must win.
    expect(store.calls.at(-1)?.lines).toHaveLength(4);
  });

  test('201, a partial write, is handled like a refusal', async () => {
    const bad = refusing([2]);
    const { sink } = await steeredSink((call) =>
      bad(call) === DONE
        ? DONE
        : { status: 201, headers: { 'content-type': 'application/json' }, body: 'no JSON' },
    );
    expect((await sink.write(pointsOf(5), never())).map(({ index }) => index)).toEqual([2]);
  });

  test('413 is halved until it fits, without suspicion', async () => {
    const { sink, store, pausesMs } = await steeredSink((call) =>
      call.lines.length > 3 ? { status: 413 } : DONE,
    );
    expect(await sink.write(pointsOf(10), never())).toEqual([]);
    expect(pausesMs).toEqual([]);
    const written = store.calls.filter((call) => call.lines.length <= 3).flatMap((call) => call.lines);
    expect(written.map((line) => Number(line.split(' ')[2]))).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  test('413 to a single line is final at once', async () => {
    const { sink, store } = await steeredSink(() => refuse(413, 'too big'));
    expect(await sink.write(pointsOf(1), never())).toEqual([
      { index: 0, code: 'store-too-large', reason: 'too big' },
    ]);
    expect(store.calls).toHaveLength(1);
  });

  test('the reason is cut to 500 characters, and is a sentence when the store says nothing', async () => {
    const long = await steeredSink((call) => (isHealthLine(call) ? DONE : refuse(400, 'x'.repeat(5_000))));
    expect((await long.sink.write(pointsOf(1), never()))[0]?.reason).toBe('x'.repeat(500));
    const silent = await steeredSink((call) => (isHealthLine(call) ? DONE : { status: 400 }));
    expect((await silent.sink.write(pointsOf(1), never()))[0]?.reason).toBe('status 400 without a text');
  });

  test('indices count points, also behind ones that have no line', async () => {
    const { sink } = await steeredSink(refusing([3]));
    const points = pointsOf(5);
    points[1] = pointOf(series, 1n, { time: 1 });
    expect((await sink.write(points, never())).map(({ index, code }) => [index, code])).toEqual([
      [1, 'not-expressible'],
      [3, 'store-refused'],
    ]);
  });
});

describe('a store that is at fault costs no point', () => {
  test('400 to everything keeps the request until the store works again', async () => {
    const { sink, store, warnings } = await steeredSink((_call, i) =>
      i < 20 ? refuse(400, 'invalid') : DONE,
    );
    expect(await sink.write(pointsOf(1_000), never())).toEqual([]);
    expect(sink.counters()).toMatchObject({ pointsWritten: 1_000, pointsRefused: 0 });
    // Two requests a round: the lines and the known-good one. No halving while the store is at fault.
    expect(store.calls.slice(0, 20).map(isHealthLine)).toEqual(
      Array.from({ length: 20 }, (_, i) => i % 2 === 1),
    );
    expect(warnings[0]?.fields).toMatchObject({ code: 'STORE_REFUSES_EVERYTHING' });
    expect(warnings[0]?.sentence).toContain('(invalid)');
  });

  test('a store that fails between the two refusals costs no point either', async () => {
    const bad = refusing([1]);
    let rounds = 0;
    const { sink } = await steeredSink((call) => {
      if (isHealthLine(call)) return ++rounds === 2 ? refuse(400, 'WAL') : DONE;
      return bad(call);
    });
    expect((await sink.write(pointsOf(3), never())).map(({ index }) => index)).toEqual([1]);
    expect(rounds).toBe(4);
  });
});

describe('many refused lines are an alarm', () => {
  const half = Array.from({ length: 50 }, (_, i) => i * 2);

  test('the good lines are written, the bad ones rejected, and the status shows it until a request succeeds', async () => {
    const { sink, warnings } = await steeredSink(refusing(half));
    expect(await sink.write(pointsOf(100), never())).toHaveLength(50);
    expect(sink.status().state).toBe('misconfigured');
    expect(sink.status().detail).toContain('50 of 100 lines');
    expect(warnings.map((warning) => warning.fields.code)).toEqual(['STORE_REFUSES_MANY']);
    expect(
      await sink.write(
        pointsOf(100).filter((_, i) => i % 2 === 1),
        never(),
      ),
    ).toEqual([]);
    expect(sink.status().state).toBe('healthy');
  });

  test.each([
    'partial write: max-values-per-tag limit exceeded (100000/100000): measurement="m" tag="d" value="x"',
    'partial write: max-series-per-database limit exceeded: (1000000)',
  ])('for a limit of series the advice is another: %s', async (error) => {
    const bad = refusing(half);
    const { sink, warnings } = await steeredSink((call) => {
      const answer = bad(call);
      return answer.status === 400 ? refuse(400, error) : answer;
    });
    expect(await sink.write(pointsOf(100), never())).toHaveLength(50);
    expect(warnings.map((warning) => warning.fields.code)).toEqual(['STORE_SERIES_LIMIT']);
  });

  test('a few raise no alarm, whatever share they are', async () => {
    const { sink, warnings } = await steeredSink(refusing(half.slice(0, 19)));
    expect(await sink.write(pointsOf(38), never())).toHaveLength(19);
    expect(sink.status().state).toBe('healthy');
    expect(warnings).toEqual([]);
  });

  test('with maxRefusedShare they are held until the operator has fixed the store', async () => {
    let isFixed = false;
    let heldAs = '';
    const bad = refusing(half);
    const { sink, store, pausesMs } = await steeredSink(
      (call) => {
        if (pausesMs.filter((ms) => ms >= 1_000).length === 3) {
          heldAs ||= sink.status().state;
          isFixed = true;
        }
        return isFixed ? DONE : bad(call);
      },
      { maxRefusedShare: 0.1 },
    );
    expect(await sink.write(pointsOf(100), never())).toEqual([]);
    expect(heldAs).toBe('misconfigured');
    expect(store.calls.at(-1)?.lines).toHaveLength(100);
    expect(sink.counters()).toMatchObject({ pointsWritten: 100, pointsRefused: 0 });
  });
});

describe('InfluxDB 3 names the refused lines', () => {
  const partial = (call: StoreCall, bad: readonly number[]) => ({
    status: 400,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      error: 'partial write of line protocol occurred',
      data: call.lines.flatMap((line, i) =>
        bad.some((t) => line.endsWith(` ${t}`))
          ? [{ original_line: line, line_number: i + 1, error_message: `invalid column type ${i}` }]
          : [],
      ),
    }),
  });

  test('so nothing is halved: each of them is sent once more and rejected with its own message', async () => {
    const bad = [10, 4_000];
    const isBad = refusing(bad);
    const { sink, store } = await steeredSink((call) => (isBad(call) === DONE ? DONE : partial(call, bad)), {
      version: 3,
      database: 'd',
    });
    expect(await sink.write(pointsOf(5_000), never())).toEqual([
      { index: 10, code: 'store-refused', reason: 'invalid column type 10' },
      { index: 4_000, code: 'store-refused', reason: 'invalid column type 4000' },
    ]);
    expect(store.calls).toHaveLength(5);
  });

  test('a list that does not fit the request is ignored: the request is halved', async () => {
    const isBad = refusing([3]);
    const { sink } = await steeredSink(
      (call) =>
        isBad(call) === DONE
          ? DONE
          : {
              status: 400,
              headers: { 'content-type': 'application/json' },
              body: JSON.stringify({ error: 'odd', data: [{ line_number: 99_999, error_message: 'x' }] }),
            },
      { version: 3, database: 'd' },
    );
    expect((await sink.write(pointsOf(8), never())).map(({ index, reason }) => [index, reason])).toEqual([
      [3, 'odd'],
    ]);
  });
});

describe('a conflict of types', () => {
  const named = (sent: string, stored: string, dropped: number, version = 1) =>
    refuse(
      version === 1 ? 400 : 422,
      `${version === 1 ? '' : 'failure writing points to database: '}partial write: field type conflict: input field "v" on measurement "m" is type ${sent}, already exists as type ${stored} dropped=${dropped}`,
    );
  /** Refuses integers as InfluxDB does: it writes the other lines of the request. */
  const floatsOnly = (call: StoreCall) => {
    const dropped = call.lines.filter((line) => / v=\d+i /.test(line)).length;
    return dropped === 0 || isHealthLine(call) ? DONE : named('integer', 'float', dropped);
  };
  const mixed = (count: number, everyNth: number) =>
    pointsOf(count).map((point, i) =>
      i % everyNth === 0 ? pointOf(point.series, point.timestampNs, { v: BigInt(i) }) : point,
    );

  test.each([10, 2, 1])('in one of %i points costs at most three requests and no pause', async (everyNth) => {
    const { sink, store, pausesMs, warnings } = await steeredSink(floatsOnly);
    const rejections = await sink.write(mixed(1_000, everyNth), never());
    expect(rejections.map(({ index }) => index)).toEqual(
      Array.from({ length: 1_000 / everyNth }, (_, i) => i * everyNth),
    );
    expect(rejections[0]).toMatchObject({
      code: 'store-refused',
      conflict: { measurement: 'm', field: 'v', storedType: 'float' },
    });
    expect(store.calls.length).toBeLessThanOrEqual(3);
    expect(store.calls.some(isHealthLine)).toBe(false);
    expect([pausesMs, warnings]).toEqual([[], []]);
    expect(sink.status().state).toBe('healthy');
  });

  test('is known by the words of InfluxDB 2 too', async () => {
    const { sink, store } = await steeredSink((call) =>
      floatsOnly(call) === DONE ? DONE : named('integer', 'float', 1, 2),
    );
    const rejections = await sink.write(mixed(10, 10), never());
    expect(rejections).toMatchObject([{ index: 0, conflict: { field: 'v', storedType: 'float' } }]);
    expect(store.calls).toHaveLength(3);
  });

  test('is sent once more when the store does not name the field yet', async () => {
    const { sink, store } = await steeredSink((call, index) =>
      index === 0 ? refuse(400, 'field type conflict') : floatsOnly(call),
    );
    expect((await sink.write(mixed(10, 5), never())).map(({ index }) => index)).toEqual([0, 5]);
    expect(store.calls.length).toBe(4);
  });

  test('that no line has is not believed: the request is halved', async () => {
    const isBad = refusing([3]);
    const { sink } = await steeredSink((call) =>
      isBad(call) === DONE ? DONE : named('boolean', 'float', call.lines.length),
    );
    const rejections = await sink.write(pointsOf(8), never());
    expect(rejections).toMatchObject([{ index: 3, code: 'store-refused' }]);
    expect(rejections[0]?.conflict).toBeUndefined();
  });

  test.each([
    `invalid field value in line protocol for field 'v' on line 0: expected type iox::column_type::field::integer, but got iox::column_type::field::float`,
    `invalid column type for column 'v', expected iox::column_type::field::integer, got iox::column_type::field::float`,
  ])('of InfluxDB 3 is known by its words: %s', async (words) => {
    const isBad = refusing([1, 3]);
    const { sink, store } = await steeredSink(
      (call) =>
        isBad(call) === DONE
          ? DONE
          : {
              status: 400,
              headers: { 'content-type': 'application/json' },
              body: JSON.stringify({
                error: 'partial write of line protocol occurred',
                data: [2, 4].map((line_number) => ({ line_number, error_message: words })),
              }),
            },
      { version: 3, database: 'd' },
    );
    expect(await sink.write(pointsOf(5), never())).toMatchObject([
      { index: 1, reason: words, conflict: { measurement: 'm', field: 'v', storedType: 'int' } },
      { index: 3, conflict: { measurement: 'm', field: 'v', storedType: 'int' } },
    ]);
    expect(store.calls).toHaveLength(1);
  });
});

describe('options that cannot work are refused, and the error names the key', () => {
  test.each([
    [{ url: 'nonsense' }, /sink\.influx\.url is not a URL/],
    [{ url: 'ftp://x' }, /http or https/],
    [{ url: 'http://u:p@x' }, /must not hold a user/],
    [{ bucket: undefined }, /sink\.influx\.bucket/],
    [{ version: 1 as const }, /sink\.influx\.database/],
    [{ concurrency: 0 }, /sink\.influx\.concurrency/],
    [{ timeoutMs: Number.NaN }, /sink\.influx\.timeoutMs/],
  ])('%o', async (options, sentence) => {
    const thrown = await steeredSink(() => DONE, options).catch((error: unknown) => error);
    expect(thrown).toMatchObject({ code: 'SINK_UNUSABLE' });
    expect((thrown as SluiceError).message).toMatch(sentence);
  });
});
