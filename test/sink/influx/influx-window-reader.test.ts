import { describe, expect, onTestFinished, test } from 'vitest';
import { SystemClock } from '../../../src/lib/clock.js';
import type { InfluxSinkOptions } from '../../../src/sink/influx/influx-options.js';
import { InfluxSink } from '../../../src/sink/influx/influx-sink.js';
import type { FoldField, FoldQuery } from '../../../src/sink/window-reader.js';
import { type FakeStore, type Script, type StoreCall, startFakeStore } from '../../support/fake-store.js';

const FROM_NS = 1_700_000_000_000_000_000n;
const V: FoldField = { name: 'v', shape: false, steps: false, quantiles: false };
const QUERY: FoldQuery = {
  measurement: 'm',
  fromNs: FROM_NS,
  toNs: FROM_NS + 60_000_000_000n,
  fields: [V],
  lookbackMs: 0,
};
const JSON_TYPE = { 'content-type': 'application/json' };
const never = () => new AbortController().signal;
const statementOf = ({ body }: StoreCall) => new URLSearchParams(body).get('q') ?? '';

interface Chunk {
  readonly tags?: Record<string, string>;
  readonly columns?: readonly string[];
  readonly values: readonly (readonly unknown[])[];
  readonly partial?: boolean;
}

/** One line of a chunked answer. */
function chunk({ partial, ...series }: Chunk): string {
  const named = { name: 'm', columns: ['time', 'v'], ...series };
  return `${JSON.stringify({ results: [{ statement_id: 0, series: [named], ...(partial && { partial }) }] })}\n`;
}
const answer = (...lines: readonly string[]) => ({ status: 200, headers: JSON_TYPE, body: lines.join('') });
const at = (second: number, ...values: readonly unknown[]) => [
  `2023-11-14T22:13:${String(20 + second).padStart(2, '0')}Z`,
  ...values,
];

const asksFieldKeys = (call: StoreCall) => statementOf(call).startsWith('SHOW FIELD KEYS');
const fieldKeys = (...values: readonly (readonly [name: string, type: string])[]) =>
  answer(chunk({ columns: ['fieldKey', 'fieldType'], values }));

/** `script` is asked for all but the list of fields, which `calls` leaves out. */
async function sinkOn(
  script: Script,
  options: Partial<InfluxSinkOptions> = {},
  silenceMs = 60_000,
  listed = fieldKeys(['v', 'float']),
): Promise<{ readonly sink: InfluxSink; readonly store: Pick<FakeStore, 'calls' | 'openConnections'> }> {
  const store = await startFakeStore((call, index) =>
    asksFieldKeys(call)
      ? { ...listed, body: listed.body.replace('"m"', measurementOf(call)) }
      : script(call, index),
  );
  const sink = new InfluxSink(
    { url: store.url, version: 1, database: 'd', ...options },
    { clock: new SystemClock(), warn: () => {}, silenceMs },
  );
  onTestFinished(async () => {
    await sink.close();
    await store.stop();
  });
  return {
    sink,
    store: {
      get calls() {
        return store.calls.filter((call) => !asksFieldKeys(call));
      },
      openConnections: () => store.openConnections(),
    },
  };
}

/** As JSON. */
function measurementOf(call: StoreCall): string {
  return statementOf(call).slice('SHOW FIELD KEYS FROM '.length);
}

async function all<T>(parts: AsyncIterable<readonly T[]>): Promise<readonly T[]> {
  const found: T[] = [];
  for await (const part of parts) found.push(...part);
  return found;
}

const fold = (sink: InfluxSink, query = QUERY, signal = never()) => all(sink.windows.fold(query, signal));

test('a query asks for the raw points in chunks, with the times as texts', async () => {
  const { sink, store } = await sinkOn(() => answer('{"results":[{"statement_id":0}]}\n'), {
    retentionPolicy: 'rp',
  });
  const fields = [V, { ...V, name: 'a "b"\\' }];
  expect(await fold(sink, { ...QUERY, measurement: 'm"; DROP', fields })).toEqual([]);
  const form = new URLSearchParams(store.calls[0]?.body);
  expect([form.get('db'), form.get('rp'), form.get('chunked'), form.has('epoch')]).toEqual([
    'd',
    'rp',
    'true',
    false,
  ]);
  expect(form.get('q')).toBe(
    'SELECT "v"::field, "a \\"b\\"\\\\"::field FROM "m\\"; DROP"' +
      ' WHERE time >= 1700000000000000000ns AND time < 1700000060000000000ns GROUP BY *',
  );
});

test('a series that comes in several chunks is one group; tags of it are sorted by their bytes', async () => {
  const tags = { b: 'x', '10': 'y', '2': '', __proto__x: 'z', é: 'w' };
  const { sink } = await sinkOn(() =>
    answer(
      chunk({ tags, values: [at(0, 1), at(1, 3)], partial: true }),
      chunk({ tags, values: [at(2, 5)], partial: true }),
      chunk({ tags: { b: 'other' }, values: [at(0, 7)] }),
    ),
  );
  const groups = await fold(sink);
  expect(groups.map((group) => [group.tags.map(({ name }) => name), group.fields.get('v')?.count])).toEqual([
    [['10', '__proto__x', 'b', 'é'], 3],
    [['b'], 1],
  ]);
  expect(groups[0]?.fields.get('v')?.numbers).toMatchObject({ first: 1, last: 5, mean: 3 });
});

describe('InfluxDB 3', () => {
  const VERSION_3 = { version: 3, token: 't' } as const;

  test('may send nothing when it finds nothing', async () => {
    const { sink } = await sinkOn(() => answer(''), VERSION_3);
    expect(await fold(sink)).toEqual([]);
  });

  test('may return tags as columns, and several series in one part', async () => {
    const columns = ['time', 'device', 'room', 'v'];
    const { sink } = await sinkOn(
      () =>
        answer(
          chunk({ columns, values: [at(0, 'a', null, 1), at(1, 'a', null, 2), at(0, 'a', 'x', 3)] }),
          chunk({ columns, values: [at(1, 'a', 'x', 5), at(0, 'b', '', 7)] }),
        ),
      VERSION_3,
    );
    const groups = await fold(sink);
    expect(groups.map(({ tags, fields }) => [tags, fields.get('v')?.numbers?.sum])).toEqual([
      [[{ name: 'device', value: 'a' }], 3],
      [
        [
          { name: 'device', value: 'a' },
          { name: 'room', value: 'x' },
        ],
        8,
      ],
      [[{ name: 'device', value: 'b' }], 7],
    ]);
  });
});

test('the tag __proto__ is a tag like any other', async () => {
  const line = chunk({ tags: { x: '1' }, values: [at(0, 1)] }).replace('"x":"1"', '"__proto__":"1"');
  const { sink } = await sinkOn(() => answer(line));
  expect((await fold(sink, { ...QUERY, by: ['__proto__'] }))[0]?.tags).toEqual([
    { name: '__proto__', value: '1' },
  ]);
});

describe('groups of some tags', () => {
  const tagKeys = (...names: readonly string[]) =>
    answer(chunk({ columns: ['tagKey'], values: names.map((name) => [name]) }));
  const many = Array.from({ length: 2_500 }, (_, i) =>
    chunk({ tags: { a: `d${i % 1_250}`, b: i < 1_250 ? '' : 'y' }, values: [at(0, i)], partial: i < 2_499 }),
  );
  const partSizes = async (by: readonly string[], ...names: readonly string[]) => {
    const { sink } = await sinkOn((call) =>
      statementOf(call).startsWith('SHOW TAG KEYS') ? tagKeys(...names) : answer(...many),
    );
    const sizes: number[] = [];
    for await (const part of sink.windows.fold({ ...QUERY, by }, never())) sizes.push(part.length);
    return sizes;
  };

  test('which leave out a tag are complete at the end, over all series', async () => {
    expect(await partSizes(['a'], 'a', 'b')).toEqual([1_000, 250]);
  });

  test('which leave out none are complete with their series', async () => {
    expect(await partSizes(['b', 'a'], 'a', 'b')).toEqual([1_000, 1_000, 500]);
  });

  test('that a new tag would split are not computed', async () => {
    await expect(partSizes(['a'], 'a')).rejects.toMatchObject({
      code: 'SINK_QUERY_FAILED',
      message: expect.stringContaining('a tag was added'),
    });
  });
});

test('the more texts are asked for, the fewer rows come at once, also where they are numbers elsewhere', async () => {
  const listed = fieldKeys(['a', 'string'], ['b', 'float'], ['b', 'string'], ['v', 'float']);
  const { sink, store } = await sinkOn(() => answer('{"results":[{}]}'), {}, 60_000, listed);
  const sizes: (string | null)[] = [];
  for (const names of [['v'], ['v', 'a'], ['b', 'a', 'v']]) {
    await fold(sink, { ...QUERY, fields: names.map((name) => ({ ...V, name })) });
    sizes.push(new URLSearchParams(store.calls.at(-1)?.body).get('chunk_size'));
  }
  expect(sizes).toEqual(['2000', '42', '21']);
});

test('many groups are asked for a hundred at a time, each of them once', async () => {
  const { sink, store } = await sinkOn(
    (call) => {
      const tags = { site: /'(s\d+)'/.exec(statementOf(call))![1]! };
      return answer(chunk({ tags, values: [at(0, 1)] }));
    },
    { gzip: true },
  );
  const values = Array.from({ length: 250 }, (_, i) => [`s${i}`, '']);
  const only = { tags: ['site', 'room'], values: [...values, ['s3', ''], ['a\rb', '']] };
  expect(await fold(sink, { ...QUERY, only })).toHaveLength(3);
  const conditions = store.calls.map((call) => statementOf(call).match(/"site"::tag = '[^']+'/g) ?? []);
  expect(conditions.map(({ length }) => length)).toEqual([100, 100, 50]);
  // InfluxDB 1 takes a compressed query for an empty one.
  expect(store.calls.every(({ headers }) => headers['content-encoding'] === undefined)).toBe(true);
  expect(new Set(conditions.flat()).size).toBe(250);
  expect(statementOf(store.calls[0]!)).toContain(`AND (("site"::tag = 's0' AND "room"::tag = '') OR (`);
});

test('the look-back widens the question only when steps are asked for', async () => {
  const { sink, store } = await sinkOn(() =>
    answer(chunk({ tags: {}, values: [['2023-11-14T22:13:10Z', 1], at(0, 4)] })),
  );
  const steps = { ...QUERY, fields: [{ ...V, steps: true }], lookbackMs: 15_000 };
  const [group] = await fold(sink, steps);
  expect(statementOf(store.calls[0]!)).toContain('time >= 1699999985000000000ns');
  expect(group?.fields.get('v')).toMatchObject({ count: 1, steps: { changes: 1, increase: 3 } });
  await fold(sink, { ...steps, fields: [V] });
  expect(statementOf(store.calls[1]!)).toContain('time >= 1700000000000000000ns');
});

test('rows have the types that the store lists, because JSON does not tell 1 from 1.0', async () => {
  const { sink } = await sinkOn(
    () =>
      answer(
        chunk({
          tags: { a: 'x', b: '' },
          columns: ['time', 'v', 'n', 'open', 's'],
          values: [['2023-11-14T22:13:20.000000001Z', 1, 1, true, null], at(1, null, null, null, 't')],
        }),
      ),
    {},
    60_000,
    fieldKeys(['n', 'integer'], ['v', 'float']),
  );
  const { fromNs, toNs } = QUERY;
  const asked = { measurement: 'm', fromNs, toNs, fields: ['v', 'n', 'open', 's'] };
  expect(await all(sink.windows.rows(asked, never()))).toEqual([
    {
      tags: [{ name: 'a', value: 'x' }],
      timestampNs: FROM_NS + 1n,
      fields: [
        { name: 'v', type: 'float', value: 1 },
        { name: 'n', type: 'int', value: 1n },
        { name: 'open', type: 'boolean', value: true },
      ],
    },
    {
      tags: [{ name: 'a', value: 'x' }],
      timestampNs: FROM_NS + 1_000_000_000n,
      fields: [{ name: 's', type: 'string', value: 't' }],
    },
  ]);
});

const PARTIAL = chunk({ tags: { a: 'x' }, values: [at(0, 1)], partial: true });

test.each<[string, Script, string, RegExp]>([
  ['ends while more is announced', () => answer(PARTIAL), 'SINK_QUERY_FAILED', /ended its answer .* early/],
  ['has nothing in it', () => answer(''), 'SINK_QUERY_FAILED', /ended its answer .* early/],
  [
    'ends within a line',
    () => answer(PARTIAL, PARTIAL.slice(0, 40)),
    'SINK_QUERY_FAILED',
    /broke off its answer/,
  ],
  [
    'has an error after good parts',
    () => answer(PARTIAL, '{"results":[{"statement_id":0,"error":"timeout"}]}\n'),
    'SINK_QUERY_FAILED',
    /timeout/,
  ],
  ['is cut', () => 'cut', 'SINK_QUERY_FAILED', /does not answer the query/],
  [
    'is a refusal',
    () => ({ status: 403, headers: JSON_TYPE, body: '{"error":"no right"}' }),
    'SINK_QUERY_FAILED',
    /403: no right/,
  ],
  [
    'is a web page',
    () => ({ status: 200, headers: { 'content-type': 'text/html' }, body: '<html></html>' }),
    'SINK_QUERY_UNSUPPORTED',
    /as InfluxDB does/,
  ],
  [
    'is encoded',
    () => ({ status: 200, headers: { ...JSON_TYPE, 'content-encoding': 'gzip' }, body: 'x' }),
    'SINK_QUERY_FAILED',
    /encoded/,
  ],
  [
    'lists databases, as VictoriaMetrics does',
    () =>
      answer('{"results":[{"series":[{"name":"databases","columns":["name"],"values":[["_internal"]]}]}]}'),
    'SINK_QUERY_UNSUPPORTED',
    /no InfluxQL/,
  ],
])('an answer that %s is an error', async (_what, script, code, message) => {
  const { sink } = await sinkOn(script);
  await expect(fold(sink)).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
});

test.each<[string, Script]>([
  ['before the answer', () => 'hang'],
  [
    'within the answer',
    () => ({ ...answer(PARTIAL), headers: { ...JSON_TYPE, 'content-length': '100000' } }),
  ],
])('a store that falls silent %s does not hold a window for ever', async (_where, script) => {
  const { sink, store } = await sinkOn(script, {}, 50);
  await expect(fold(sink)).rejects.toMatchObject({
    code: 'SINK_QUERY_FAILED',
    message: expect.stringContaining('nothing came within 50 ms'),
  });
  await expect.poll(() => store.openConnections()).toBe(0);
});

test('a signal ends the reading and closes the connection', async () => {
  const { sink, store } = await sinkOn(() => ({
    ...answer(PARTIAL.repeat(3)),
    headers: { ...JSON_TYPE, 'content-length': '100000' },
  }));
  const stop = new AbortController();
  const folding = fold(sink, QUERY, stop.signal);
  await expect.poll(() => store.calls.length).toBe(1);
  stop.abort();
  await expect(folding).rejects.toMatchObject({ code: 'SINK_QUERY_FAILED' });
  await expect.poll(() => store.openConnections()).toBe(0);
});

test('a caller that takes only some groups closes the connection', async () => {
  const many = Array.from({ length: 3_000 }, (_, i) =>
    chunk({ tags: { a: `d${i}` }, values: [at(0, i)], partial: true }),
  );
  const { sink, store } = await sinkOn(() => ({
    ...answer(...many),
    headers: { ...JSON_TYPE, 'content-length': '10000000' },
  }));
  for await (const part of sink.windows.fold(QUERY, never())) {
    expect(part).toHaveLength(1_000);
    break;
  }
  await expect.poll(() => store.openConnections()).toBe(0);
});

test('what nobody can have written is not asked for', async () => {
  const { sink, store } = await sinkOn(() => answer('{"results":[{}]}'));
  expect(await fold(sink, { ...QUERY, fields: [{ ...V, name: 'a\rb' }] })).toEqual([]);
  expect(await fold(sink, { ...QUERY, only: { tags: ['a'], values: [] } })).toEqual([]);
  expect(await fold(sink, { ...QUERY, toNs: QUERY.fromNs })).toEqual([]);
  expect(store.calls).toHaveLength(0);
});
