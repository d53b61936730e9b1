import { expect, onTestFinished, test } from 'vitest';
import { prepareInfluxStore } from '../../../../src/sink/influx/prepare/prepare-influx-store.js';
import type { PrepareMode, RowsPlace } from '../../../../src/sink/influx/prepare/store-part.js';
import { type ScriptedAnswer, type StoreCall, startFakeStore } from '../../../support/fake-store.js';

const DAY_MS = 86_400_000;
const ORG_ID = 'aaaaaaaaaaaaaaaa';
const json = (answer: unknown, status = 200): ScriptedAnswer => ({
  status,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(answer),
});

interface StoredBucket {
  readonly id: string;
  readonly name: string;
  retentionRules: readonly { readonly everySeconds: number }[];
}

/** Answers as InfluxDB 2.7 documents it; a mapping exists only when it was made. */
class Buckets {
  readonly buckets: StoredBucket[] = [];
  readonly mappings: Record<string, unknown>[] = [];

  answer({ method, path, body }: StoreCall): ScriptedAnswer {
    const { pathname, searchParams } = new URL(path, 'http://x');
    const sent = body === '' ? {} : JSON.parse(body);
    if (pathname === '/api/v2/orgs') return json({ orgs: [{ id: ORG_ID, name: searchParams.get('org') }] });
    if (pathname === '/api/v2/dbrps') return this.#mappings(method, sent);
    if (method === 'PATCH') {
      const bucket = this.buckets.find(({ id }) => pathname === `/api/v2/buckets/${id}`)!;
      bucket.retentionRules = sent.retentionRules;
      return json(bucket);
    }
    if (method === 'POST') {
      const id = `${this.buckets.length + 1}`.padStart(16, '0');
      this.buckets.push({ ...sent, id });
      return json({ ...sent, id }, 201);
    }
    const name = searchParams.get('name');
    const found = this.buckets.filter((bucket) => bucket.name === name);
    if (found.length === 0) return json({ code: 'not found', message: `bucket "${name}" not found` }, 404);
    return json({ buckets: found.map((bucket) => ({ ...bucket, orgID: ORG_ID })) });
  }

  #mappings(method: string, sent: Record<string, unknown>): ScriptedAnswer {
    if (method === 'GET') return json({ content: this.mappings });
    this.mappings.push(sent);
    return json(sent, 201);
  }
}

async function prepared(
  script: (call: StoreCall) => ScriptedAnswer,
  places: readonly RowsPlace[],
  mode: PrepareMode,
  bucket = 'plant',
) {
  const store = await startFakeStore(script);
  onTestFinished(() => store.stop());
  const options = { url: store.url, version: 2, org: 'iot', bucket, token: 'secret' } as const;
  return { results: await prepareInfluxStore(options, places, mode), store };
}

const YEAR = { to: 'plant/year', retentionMs: 365 * DAY_MS };

test('buckets and their mappings are made once, with the retention that was asked for', async () => {
  const server = new Buckets();
  const run = (mode: PrepareMode) => prepared((call) => server.answer(call), [YEAR], mode);
  const names = [
    'bucket "plant"',
    'mapping of database "plant" to bucket "plant"',
    'bucket "plant/year"',
    'mapping of database "plant" and retention policy "year" to bucket "plant/year"',
  ];
  const allAre = (state: string) => names.map((name) => expect.objectContaining({ name, state }));
  const looked = await run('look');
  expect(looked.results).toEqual(allAre('missing'));
  expect(looked.results[2]?.statement).toBe(
    'influx bucket create --name "plant/year" --org "iot" --retention 365d',
  );
  expect(looked.store.calls.every(({ method }) => method === 'GET')).toBe(true);
  const made = await run('make');
  expect(made.results).toEqual(allAre('made'));
  expect(made.store.calls[0]?.headers).toMatchObject({ authorization: 'Token secret' });
  expect(server.buckets.map(({ name, retentionRules }) => [name, retentionRules])).toEqual([
    ['plant', []],
    ['plant/year', [{ type: 'expire', everySeconds: 365 * 86_400 }]],
  ]);
  expect(server.mappings).toEqual([
    expect.objectContaining({ database: 'plant', retention_policy: 'autogen', default: true, orgID: ORG_ID }),
    expect.objectContaining({ database: 'plant', retention_policy: 'year', default: false, orgID: ORG_ID }),
  ]);
  expect((await run('make')).results).toEqual(allAre('there'));
});

test('the retention of a bucket is changed only when that is asked for', async () => {
  const server = new Buckets();
  const run = (mode: PrepareMode, retentionMs: number) =>
    prepared((call) => server.answer(call), [{ to: 'rows', retentionMs }], mode);
  await run('make', 7 * DAY_MS);
  const before = structuredClone(server.buckets);
  expect((await run('make', 0)).results[2]).toEqual({
    name: 'bucket "rows"',
    state: 'differs',
    detail: 'it keeps points for 7d, and should keep them for ever',
    statement: 'influx bucket update --id 0000000000000002 --retention 0',
    isChangeable: true,
  });
  expect(server.buckets).toEqual(before);
  expect((await run('change', 0)).results[2]?.state).toBe('changed');
  expect((await run('look', 0)).results[2]?.state).toBe('there');
});

test('rows in the bucket of the points have one bucket, with the retention of the rows', async () => {
  const server = new Buckets();
  const { results } = await prepared(
    (call) => server.answer(call),
    [{ to: 'plant', retentionMs: DAY_MS }],
    'make',
  );
  expect(results).toHaveLength(2);
  expect(server.buckets).toMatchObject([{ retentionRules: [{ everySeconds: 86_400 }] }]);
});

test('a mapping that leads to another bucket is never changed', async () => {
  const server = new Buckets();
  server.buckets.push({ id: '1', name: 'plant', retentionRules: [] });
  server.mappings.push({
    database: 'plant',
    retention_policy: 'autogen',
    default: true,
    bucketID: 'fedcba9876543210',
  });
  const { results, store } = await prepared((call) => server.answer(call), [], 'change');
  expect(results[1]).toMatchObject({
    state: 'differs',
    detail: 'it leads to another bucket (id fedcba9876543210) than this one (id 1)',
    isChangeable: false,
  });
  expect(store.calls.every(({ method }) => method === 'GET')).toBe(true);
});

test('a token without the right is reported with the words of the store, and nothing else is tried', async () => {
  const server = new Buckets();
  const { results } = await prepared(
    (call) =>
      call.method === 'POST'
        ? json({ code: 'forbidden', message: 'insufficient permissions for write' }, 403)
        : server.answer(call),
    [YEAR],
    'make',
  );
  expect(results).toEqual([
    {
      name: 'bucket "plant"',
      state: 'failed',
      detail: expect.stringMatching(
        /^InfluxDB at http:\S+ answers POST \/api\/v2\/buckets with 403: insufficient permissions for write$/,
      ),
      statement: 'influx bucket create --name "plant" --org "iot" --retention 0',
    },
  ]);
});

test.each<[string, ScriptedAnswer, RegExp]>([
  [
    'an organisation that is not there',
    json({ message: 'organization name "iot" not found' }, 404),
    /404: org/,
  ],
  ['a store that is not InfluxDB 2', { status: 200, body: 'OK' }, /does not answer with JSON/],
  ['an answer in another form', json([]), /does not answer as InfluxDB 2 does/],
])('%s is an error with its reason', async (_what, answer, reason) => {
  const { results } = await prepared(() => answer, [], 'make');
  expect(results).toMatchObject([{ state: 'failed', detail: expect.stringMatching(reason) }]);
});
