import { expect, onTestFinished, test } from 'vitest';
import { checkInfluxReads } from '../../../src/commands/doctor/influx-reads.js';
import { type ScriptedAnswer, startFakeStore } from '../../support/fake-store.js';

const ID = '0123456789abcdef';
const OTHER_ID = 'fedcba9876543210';
const json = (answer: unknown, status = 200): ScriptedAnswer => ({
  status,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(answer),
});

/** Answers as InfluxDB 2.7 documents them for `/api/v2/buckets` and `/api/v2/dbrps`. */
const bucket = (name: string, id = ID) => ({
  id,
  orgID: 'aaaaaaaaaaaaaaaa',
  type: 'user',
  name,
  retentionRules: [{ type: 'expire', everySeconds: 86_400, shardGroupDurationSeconds: 3_600 }],
});
const mapping = (database: string, policy: string, bucketID = ID, isDefault = true) => ({
  id: bucketID,
  orgID: 'aaaaaaaaaaaaaaaa',
  bucketID,
  database,
  retention_policy: policy,
  default: isDefault,
  virtual: true,
});
const LIST = json({ results: [{ series: [{ name: 'measurements', columns: ['name'], values: [['m']] }] }] });

interface Recorded {
  readonly buckets?: ScriptedAnswer;
  readonly byId?: ScriptedAnswer;
  readonly mappings?: ScriptedAnswer;
  readonly query?: ScriptedAnswer;
}

async function reads(bucketName: string, recorded: Recorded) {
  const { buckets = json({ buckets: [] }), byId = json({ buckets: [] }) } = recorded;
  const store = await startFakeStore(({ path }) => {
    const { pathname, searchParams } = new URL(path, 'http://x');
    if (pathname === '/api/v2/buckets') return searchParams.has('id') ? byId : buckets;
    if (pathname === '/api/v2/dbrps') return recorded.mappings ?? json({ content: [] });
    return recorded.query ?? LIST;
  });
  onTestFinished(() => store.stop());
  const options = { url: store.url, version: 2, org: 'o', bucket: bucketName, token: 'secret' } as const;
  return { result: await checkInfluxReads(options, 1_000), store };
}

test('a bucket that its own mapping leads to can be read', async () => {
  const { result, store } = await reads('plant', {
    buckets: json({ buckets: [bucket('plant')] }),
    mappings: json({ content: [mapping('else', 'autogen', OTHER_ID), mapping('plant', 'autogen')] }),
  });
  expect(result).toMatchObject({ name: 'store reads', state: 'ok' });
  expect(store.calls.map(({ method, path }) => `${method} ${path}`)).toEqual([
    'GET /api/v2/buckets?org=o&name=plant',
    'GET /api/v2/dbrps?orgID=aaaaaaaaaaaaaaaa',
    'POST /query',
  ]);
  expect(store.calls.every(({ headers }) => headers.authorization === 'Token secret')).toBe(true);
});

test('a token that only writes is named: it does not see the bucket', async () => {
  const { result } = await reads('plant', {});
  expect(result).toMatchObject({
    state: 'warn',
    found: 'the token may not read bucket "plant"',
    advice: expect.stringContaining('--read-bucket ID --write-bucket ID'),
  });
});

test('a bucket without a mapping gets the command that makes one', async () => {
  const { result } = await reads('plant/hot', {
    buckets: json({ buckets: [bucket('plant/hot')] }),
    mappings: json({ content: [mapping('plant', 'autogen')] }),
  });
  expect(result).toMatchObject({
    state: 'warn',
    found: expect.stringContaining('no mapping leads from database "plant", retention policy "hot"'),
    advice: expect.stringContaining(`influx v1 dbrp create --bucket-id ${ID} --db "plant" --rp "hot";`),
  });
});

test('a mapping that leads to another bucket is found, although reading works', async () => {
  const { result } = await reads('plant', {
    buckets: json({ buckets: [bucket('plant')] }),
    mappings: json({ content: [mapping('plant', 'autogen', OTHER_ID)] }),
  });
  expect(result).toMatchObject({
    state: 'warn',
    found: expect.stringContaining(`leads to another bucket (id ${OTHER_ID})`),
  });
});

test('only the default mapping of a database counts when the bucket names no retention policy', async () => {
  const { result } = await reads('plant', {
    buckets: json({ buckets: [bucket('plant')] }),
    mappings: json({
      content: [mapping('plant', 'hot', OTHER_ID, true), mapping('plant', 'autogen', ID, false)],
    }),
  });
  expect(result.found).toContain('leads to another bucket');
});

test('a bucket given by its id is told its name', async () => {
  const { result } = await reads(ID, { byId: json({ buckets: [bucket('plant')] }) });
  expect(result).toMatchObject({
    state: 'warn',
    advice: expect.stringContaining('set sink.influx.bucket: "plant"'),
  });
});

test.each([
  ['database not found', json({ results: [{ statement_id: 0, error: 'database not found: plant' }] })],
  [
    'default retention policy not set',
    json({ results: [{ statement_id: 0, error: 'default retention policy not set for: "plant"' }] }),
  ],
  ['403', json({ code: 'forbidden', message: 'insufficient permissions' }, 403)],
])('where the mappings cannot be asked, %s is put into the right words', async (_what, query) => {
  const { result } = await reads('plant', { buckets: json({ code: 'unauthorized' }, 401), query });
  expect(result).toMatchObject({
    state: 'warn',
    found: expect.stringContaining('the token may not read bucket "plant", or there is no mapping'),
  });
});

test('a store that has no InfluxQL is fine: it was chosen', async () => {
  const { result } = await reads('plant', { buckets: { status: 400 }, query: { status: 400 } });
  expect(result).toMatchObject({
    state: 'ok',
    found: expect.stringContaining('points are written, but charts cannot be read from it'),
  });
});
