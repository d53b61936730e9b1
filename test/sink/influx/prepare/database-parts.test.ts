import { expect, onTestFinished, test } from 'vitest';
import { prepareInfluxStore } from '../../../../src/sink/influx/prepare/prepare-influx-store.js';
import type { PrepareMode, RowsPlace } from '../../../../src/sink/influx/prepare/store-part.js';
import { type ScriptedAnswer, type StoreCall, startFakeStore } from '../../../support/fake-store.js';

const DAY_MS = 86_400_000;
const json = (answer: unknown, status = 200): ScriptedAnswer => ({
  status,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(answer),
});

/** Answers as InfluxDB 3 Core does for the databases and for SHOW RETENTION POLICIES. */
class Databases {
  /** The retention as the store writes it, by name. */
  readonly databases = new Map<string, string>();

  answer({ method, path, body }: StoreCall): ScriptedAnswer {
    if (path === '/query') {
      const duration = this.databases.get(new URLSearchParams(body).get('db') ?? '');
      const columns = ['iox::database', 'name', 'duration'];
      return json({ results: [{ series: [{ columns, values: [['db', 'autogen', duration]] }] }] });
    }
    if (method === 'GET') return json([...this.databases.keys()].map((name) => ({ 'iox::database': name })));
    const sent = JSON.parse(body) as { db: string; retention_period?: string };
    if (method === 'POST' && this.databases.has(sent.db)) return json({ error: 'exists' }, 409);
    this.databases.set(
      sent.db,
      { '30d': '720h0m0s', '90d': '2160h0m0s' }[sent.retention_period ?? ''] ?? '0s',
    );
    return { status: 200 };
  }
}

async function prepared(
  script: (call: StoreCall) => ScriptedAnswer,
  places: readonly RowsPlace[],
  mode: PrepareMode,
) {
  const store = await startFakeStore(script);
  onTestFinished(() => store.stop());
  const options = { url: store.url, version: 3, database: 'plant', token: 'secret' } as const;
  return { results: await prepareInfluxStore(options, places, mode), store };
}

test('databases are made once; one that keeps points for ever has no period, because "0" would hide all points', async () => {
  const server = new Databases();
  const places = [
    { to: 'month', retentionMs: 30 * DAY_MS },
    { to: 'ever', retentionMs: 0 },
  ];
  const run = (mode: PrepareMode) => prepared((call) => server.answer(call), places, mode);
  const looked = await run('look');
  expect(looked.results).toEqual([
    { name: 'database "plant"', state: 'missing', statement: 'influxdb3 create database plant' },
    {
      name: 'database "month"',
      state: 'missing',
      statement: 'influxdb3 create database --retention-period 30d month',
    },
    { name: 'database "ever"', state: 'missing', statement: 'influxdb3 create database ever' },
  ]);
  expect(server.databases.size).toBe(0);
  const made = await run('make');
  const bodies = made.store.calls
    .filter(({ method }) => method === 'POST')
    .map(({ body }) => JSON.parse(body));
  expect(bodies).toEqual([{ db: 'plant' }, { db: 'month', retention_period: '30d' }, { db: 'ever' }]);
  expect(made.store.calls[0]?.headers).toMatchObject({ authorization: 'Bearer secret' });
  expect((await run('make')).results.map(({ state }) => state)).toEqual(['there', 'there', 'there']);
});

test('another retention is changed only when that is asked for', async () => {
  const server = new Databases();
  server.databases.set('plant', '0s').set('rows', '720h0m0s');
  const run = (mode: PrepareMode, retentionMs: number) =>
    prepared((call) => server.answer(call), [{ to: 'rows', retentionMs }], mode);
  expect((await run('make', 90 * DAY_MS)).results[1]).toEqual({
    name: 'database "rows"',
    state: 'differs',
    detail: 'it keeps points for 30d, and should keep them for 90d',
    statement: 'influxdb3 update database --database rows --retention-period 90d',
    isChangeable: true,
  });
  expect(server.databases.get('rows')).toBe('720h0m0s');
  expect((await run('change', 90 * DAY_MS)).results[1]?.state).toBe('changed');
  expect((await run('look', 90 * DAY_MS)).results[1]?.state).toBe('there');
  expect((await run('change', 0)).results[1]?.state).toBe('changed');
  expect(server.databases.get('rows')).toBe('0s');
});

test('a token that is no administrator is reported with the answer of the store', async () => {
  const { results } = await prepared(
    () => json({ error: 'the request was not authorized' }, 403),
    [],
    'make',
  );
  expect(results).toEqual([
    {
      name: 'database "plant"',
      state: 'failed',
      detail: expect.stringContaining('/api/v3/configure/database with 403: the request was not authorized'),
      statement: 'influxdb3 create database plant',
    },
  ]);
});
