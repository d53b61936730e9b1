import { describe, expect, onTestFinished, test } from 'vitest';
import { requireServer, startInfluxd, startVictoriaMetrics } from '../../../harness/servers.js';
import { SystemClock } from '../../../src/lib/clock.js';
import { InfluxSink } from '../../../src/sink/influx/influx-sink.js';
import type { StatisticsQuery } from '../../../src/sink/statistics.js';
import { steeredSink } from './influx-fixture.js';

const QUERY: StatisticsQuery = {
  measurement: 'm',
  values: { kind: 'points', field: 'v' },
  fromMs: 0,
  toMs: 10_000,
  cellMs: 1_000,
  parts: new Set(),
};
const json = (answer: unknown) => ({
  status: 200,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(answer),
});

const seriesAnswer = (...series: { tags?: object; values: unknown[] }[]) =>
  json({ results: [{ series: series.map((one) => ({ name: QUERY.measurement, columns: [], ...one })) }] });
const statementOf = (call: { readonly body: string } | undefined) => new URLSearchParams(call?.body).get('q');

test('a query is a form to /query, with the database of the bucket and quoted names', async () => {
  const { sink, store } = await steeredSink(() => json({ results: [{}] }), { bucket: 'db/rp' });
  const odd = { ...QUERY, measurement: 'a"; DROP', values: { kind: 'points', field: 'b\\' } as const };
  expect(await sink.reader.statistics({ ...odd, parts: new Set(['sum', 'max']) })).toEqual(new Map());
  const form = new URLSearchParams(store.calls[0]?.body);
  expect(store.calls[0]?.headers.authorization).toBe('Token secret');
  expect([form.get('db'), form.get('rp'), form.get('epoch')]).toEqual(['db', 'rp', 'ms']);
  expect(form.get('q')).toBe(
    'SELECT count("b\\\\"), sum("b\\\\"), max("b\\\\") FROM "a\\"; DROP" WHERE time >= 0ms AND time < 10000ms GROUP BY time(1000ms) fill(none)',
  );
});

test('only the groups that are named are asked for, and cells without a value are omitted', async () => {
  const { sink, store } = await steeredSink(() =>
    seriesAnswer(
      { tags: { room: '' }, values: [[1_000, 1, 2.5]] },
      {
        tags: { room: "it's" },
        values: [
          [2_000, 0, null],
          [0, 2, 3],
        ],
      },
    ),
  );
  const answer = await sink.reader.statistics({
    ...QUERY,
    by: 'room',
    only: { tag: 'floor', values: ['1'] },
    names: ["it's", ''],
    parts: new Set(['sum']),
  });
  expect(answer).toEqual(
    new Map([
      ['', [{ startMs: 1_000, count: 1, sum: 2.5, isInexact: false }]],
      ["it's", [{ startMs: 0, count: 2, sum: 3, isInexact: false }]],
    ]),
  );
  expect(store.calls.map(statementOf)).toEqual([
    `SELECT count("v"), sum("v") FROM "m" WHERE time >= 0ms AND time < 10000ms AND ("floor"::tag = '1') AND ("room"::tag = 'it\\'s' OR "room"::tag = '') GROUP BY time(1000ms), "room" fill(none)`,
  ]);
});

test('without a value to match there is no query', async () => {
  const { sink, store } = await steeredSink(() => json({ results: [{}] }));
  const unwritable = { tag: 'room', values: ['a\rb', 'a\0b'] };
  expect(await sink.reader.statistics({ ...QUERY, only: unwritable })).toEqual(new Map());
  expect(await sink.reader.statistics({ ...QUERY, by: 'room', names: [] })).toEqual(new Map());
  expect(store.calls).toHaveLength(0);
});

test.each(['m\0', 'm\r'])(
  'the measurement %j is not queried: InfluxQL would read another name',
  async (measurement) => {
    const { sink, store } = await steeredSink(() => json({ results: [{}] }));
    await expect(sink.reader.statistics({ ...QUERY, measurement })).rejects.toMatchObject({
      code: 'SINK_QUERY_FAILED',
    });
    expect(store.calls).toHaveLength(0);
  },
);

test('an answer that would fill the memory is cut off, and the error suggests asking for less', async () => {
  const { sink } = await steeredSink(() => ({
    status: 200,
    headers: { 'content-type': 'application/json' },
    body: `{"results":[{"series":[]}]${' '.repeat(33 * 1024 * 1024)}}`,
  }));
  const lastSeen = sink.reader.lastSeen({ measurement: 'm', by: 'room', fromMs: 0, maxGroups: 9 });
  await expect(lastSeen).rejects.toMatchObject({
    code: 'SINK_QUERY_FAILED',
    message: expect.stringContaining('ask for a shorter time or a tag with fewer values'),
  });
});

test('a measurement that gets its first point between two statements does not make the store one without InfluxQL', async () => {
  const series = (name: string, values: string[][]) => ({ name, columns: ['a', 'b'], values });
  const { sink } = await steeredSink((call) => {
    const statement = statementOf(call);
    if (statement === 'SHOW MEASUREMENTS')
      return json({ results: [{ series: [series('measurements', [['old']])] }] });
    const keys = statement === 'SHOW TAG KEYS' ? [['room']] : [['v', 'float']];
    return json({ results: [{ series: [series('new', keys), series('old', keys)] }] });
  });
  expect(await sink.reader.measurements()).toEqual([
    { name: 'old', tags: ['room'], fields: [{ name: 'v', type: 'float' }] },
  ]);
});

test.each(['boolean', 'string'])('a field of type %s has no mean, and the error says so', async (type) => {
  const { sink } = await steeredSink((call) =>
    statementOf(call)?.startsWith('SHOW FIELD KEYS')
      ? seriesAnswer({ values: [['v', type]] })
      : json({ results: [{ error: `unsupported mean iterator type: *query.${type}InterruptIterator` }] }),
  );
  await expect(sink.reader.statistics(QUERY)).rejects.toMatchObject({
    code: 'SINK_QUERY_UNSUPPORTED',
    message: `the field "v" of "m" is of type ${type}, which has no mean`,
  });
});

test('an error about a field of numbers stays what it is', async () => {
  const { sink } = await steeredSink((call) =>
    statementOf(call)?.startsWith('SHOW FIELD KEYS')
      ? seriesAnswer({ values: [['v', 'float']] })
      : json({ results: [{ error: 'timeout' }] }),
  );
  await expect(sink.reader.statistics(QUERY)).rejects.toMatchObject({ code: 'SINK_QUERY_FAILED' });
});

describe.skipIf(!requireServer('influxd'))('on InfluxDB 1', () => {
  test('a boolean has no mean', { timeout: 60_000 }, async () => {
    const server = await startInfluxd();
    onTestFinished(() => server.stop());
    await fetch(`${server.url}/query`, {
      method: 'POST',
      body: new URLSearchParams({ q: 'CREATE DATABASE d' }),
    });
    await fetch(`${server.url}/write?db=d`, { method: 'POST', body: 'm,room=a v=true 1000000000' });
    const sink = new InfluxSink(
      { url: server.url, version: 1, database: 'd' },
      { clock: new SystemClock(), warn: () => {} },
    );
    onTestFinished(() => sink.close());
    for (const by of [{}, { by: 'room' }]) {
      const query = { ...QUERY, ...by, parts: new Set(['sum'] as const) };
      await expect(sink.reader.statistics(query)).rejects.toMatchObject({
        code: 'SINK_QUERY_UNSUPPORTED',
      });
    }
  });
});

describe('answers are put into words', () => {
  test('a redirect names the address to use instead', async () => {
    const { sink } = await steeredSink(() => ({
      status: 301,
      headers: { location: 'https://new.example/influx/query?db=x' },
    }));
    await expect(sink.reader.measurements()).rejects.toMatchObject({
      code: 'SINK_QUERY_FAILED',
      message: expect.stringContaining(
        'answered 301 to https://new.example/influx: set sink.influx.url to it',
      ),
    });
  });

  test('a page for people is recognised, whatever its status', async () => {
    const body = '<!DOCTYPE html><html><title>Sign in</title></html>';
    const { sink } = await steeredSink(() => ({ status: 200, body }));
    await expect(sink.reader.measurements()).rejects.toMatchObject({
      code: 'SINK_QUERY_UNSUPPORTED',
      message: expect.stringContaining('a web page with the title "Sign in"'),
    });
  });

  test.each([
    ['database not found: iotdata', 2],
    ['default retention policy not set for: "iotdata"', 2],
  ] as const)('"%s" of InfluxDB 2 means the token or the mapping', async (error, version) => {
    const { sink } = await steeredSink(() => json({ results: [{ error }] }), { version });
    await expect(sink.reader.measurements()).rejects.toThrow(
      'the token may not read bucket "iotdata", or there is no mapping',
    );
  });

  test('the database of InfluxDB 1 that is not found is just that', async () => {
    const { sink } = await steeredSink(() => json({ results: [{ error: 'database not found: d' }] }), {
      version: 1,
      database: 'd',
    });
    await expect(sink.reader.measurements()).rejects.toThrow(
      'could not answer the query: database not found: d',
    );
  });
});

describe('a store that cannot answer', () => {
  test.each([
    ['400', { status: 400 }, 'SINK_QUERY_UNSUPPORTED'],
    ['404', { status: 404 }, 'SINK_QUERY_UNSUPPORTED'],
    ['another answer', json({ hello: 1 }), 'SINK_QUERY_UNSUPPORTED'],
    [
      'the wrong series',
      json({ results: [{ series: [{ name: 'databases', columns: [], values: [] }] }] }),
      'SINK_QUERY_UNSUPPORTED',
    ],
    ['an error of the statement', json({ results: [{ error: 'database not found' }] }), 'SINK_QUERY_FAILED'],
    ['401', { status: 401 }, 'SINK_QUERY_FAILED'],
    ['503', { status: 503 }, 'SINK_QUERY_FAILED'],
    [
      'broken JSON',
      { status: 200, headers: { 'content-type': 'application/json' }, body: '{"res' },
      'SINK_QUERY_UNSUPPORTED',
    ],
  ])('is recognised by %s', async (_why, answer, code) => {
    const { sink } = await steeredSink(() => answer);
    await expect(sink.reader.statistics(QUERY)).rejects.toMatchObject({ code });
  });

  test('is recognised by no answer within the time-out', async () => {
    const { sink } = await steeredSink(() => 'hang', { timeoutMs: 50 });
    await expect(sink.reader.measurements()).rejects.toMatchObject({ code: 'SINK_QUERY_FAILED' });
  });
});

test('a query for too many buckets is not sent: InfluxDB 1 would build them all', async () => {
  const { sink, store } = await steeredSink(() => json({ results: [{}] }));
  await expect(sink.reader.statistics({ ...QUERY, toMs: 1e9, cellMs: 1 })).rejects.toMatchObject({
    code: 'SINK_QUERY_FAILED',
  });
  await expect(sink.reader.statistics({ ...QUERY, cellMs: 0 })).rejects.toMatchObject({
    code: 'SINK_QUERY_FAILED',
  });
  expect(store.calls).toHaveLength(0);
});

describe.skipIf(!requireServer('victoria-metrics'))('on VictoriaMetrics', () => {
  test('reading is unsupported, and the error says so', { timeout: 60_000 }, async () => {
    const server = await startVictoriaMetrics();
    const sink = new InfluxSink(
      { url: server.url, version: 2, bucket: 'x' },
      { clock: new SystemClock(), warn: () => {} },
    );
    try {
      await expect(sink.reader.measurements()).rejects.toMatchObject({ code: 'SINK_QUERY_UNSUPPORTED' });
      await expect(sink.reader.statistics(QUERY)).rejects.toMatchObject({ code: 'SINK_QUERY_UNSUPPORTED' });
    } finally {
      await sink.close();
      await server.stop();
    }
  });
});
