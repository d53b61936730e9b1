import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { freePort } from '../../../harness/free-port.js';
import { checkDuckdbStore, checkInfluxStore } from '../../../src/commands/doctor/store-checks.js';
import { loadDuckdb } from '../../../src/sink/duckdb/duckdb-database.js';
import type { InfluxSinkOptions } from '../../../src/sink/influx/influx-options.js';
import {
  type FakeStore,
  type Script,
  type ScriptedAnswer,
  startFakeStore,
} from '../../support/fake-store.js';
import { tempDirectory } from '../../support/temp-directory.js';

const V1 = { version: 1, database: 'd', username: 'u', password: 'secret' } as const;
const V2 = { version: 2, org: 'o', bucket: 'b', token: 'secret' } as const;
const V3 = { version: 3, database: 'd', token: 'secret' } as const;
const PONG: ScriptedAnswer = { status: 204, headers: { 'x-influxdb-version': '1.8.10' } };

async function store(script: Script): Promise<FakeStore> {
  const started = await startFakeStore(script);
  onTestFinished(() => started.stop());
  return started;
}

async function answered(options: Omit<InfluxSinkOptions, 'url'>, answer: ScriptedAnswer | 'hang' | 'cut') {
  const { url, calls } = await store(({ method }) => (method === 'GET' ? PONG : answer));
  const { result, aheadMs } = await checkInfluxStore({ ...options, url }, 300);
  return { ...result, url, calls, aheadMs };
}

test('reachable and permitted: reports version and target, after a write without a line', async () => {
  const { state, found, calls, url } = await answered(V1, { status: 204 });
  expect({ state, found }).toEqual({
    state: 'ok',
    found: `InfluxDB 1 at ${url}, database d, version 1.8.10; writing is permitted`,
  });
  expect(calls.map(({ method, path, body }) => `${method} ${path} ${body}`)).toEqual([
    'GET /ping ',
    'POST /write?db=d&precision=n ',
  ]);
  expect(calls[1]!.headers.authorization).toMatch(/^Basic /);
});

test('version 2 refuses an empty write with 400 when all else is right', async () => {
  const { state, found } = await answered(V2, { status: 400, body: '{"code":"invalid"}' });
  expect(state).toBe('ok');
  expect(found).toContain('it answers 400 {"code":"invalid"} to an empty write');
});

test.each([
  [V1, 401, 'the user is not known', 'sink.influx.username and password'],
  [V1, 403, 'the user may not write there', 'grant the right to write'],
  [V1, 404, 'there is no such database', 'CREATE DATABASE "d"'],
  [V1, 400, 'it answers 400', 'check the log of the store'],
  [V1, 503, 'it answers 503', 'check the log of the store'],
  [V2, 401, 'the token is not known', 'sink.influx.token'],
  [V2, 404, 'there is no such bucket', 'create the bucket'],
  [V3, 401, 'the token is not known', 'sink.influx.token'],
  [V3, 503, 'it answers 503', 'check the log of the store'],
] as const)('%o that answers %d fails: %s', async (options, status, found, advice) => {
  const result = await answered(options, { status, body: '{"error":"no"}' });
  expect(result.state).toBe('fail');
  expect(result.found).toContain(found);
  expect(result.advice).toContain(advice);
  expect(`${result.found}${result.advice}`).not.toContain('secret');
});

test('version 3 is not written to: a write would make the database', async () => {
  const { state, found, calls } = await answered(V3, { status: 404, body: 'database not found' });
  expect({ state, found }).toMatchObject({
    state: 'ok',
    found: expect.stringContaining('creates the database'),
  });
  expect(calls.map(({ path }) => path)).toEqual(['/ping', '/query']);
  expect((await answered(V3, { status: 200 })).state).toBe('ok');
});

test('nobody listens, nobody answers, the connection breaks: cannot be reached, and why', async () => {
  const { result } = await checkInfluxStore({ ...V1, url: `http://127.0.0.1:${await freePort()}` }, 300);
  expect(result).toMatchObject({ state: 'fail', found: expect.stringContaining('reached: ECONNREFUSED') });
  const silent = await store(() => 'hang');
  expect((await checkInfluxStore({ ...V1, url: silent.url }, 300)).result).toMatchObject({
    state: 'fail',
    found: expect.stringContaining('cannot be reached: no answer within 0.3 s'),
  });
  expect(silent.calls.map(({ method }) => method)).toEqual(['GET']);
  expect(await answered(V1, 'hang')).toMatchObject({
    state: 'fail',
    found: expect.stringContaining('cannot be reached: no answer within 300 ms'),
  });
  expect(await answered(V1, 'cut')).toMatchObject({
    state: 'fail',
    found: expect.stringContaining('cannot be reached'),
  });
});

test('a path before /ping and /write is kept, and a redirect is not followed', async () => {
  const { url, calls } = await store(() => ({ status: 302, headers: { location: '/elsewhere' } }));
  const { result } = await checkInfluxStore({ ...V1, url: `${url}/influx/` }, 300);
  expect(result.state).toBe('fail');
  expect(calls.map(({ path }) => path)).toEqual(['/influx/ping', '/influx/write?db=d&precision=n']);
});

test('a redirect and a web page are named, with the address to use', async () => {
  const moved = await store(({ path }) => ({
    status: 301,
    headers: { location: `https://new.example${path}` },
  }));
  const { result } = await checkInfluxStore({ ...V1, url: moved.url }, 300);
  expect(result.found).toContain('it answers 301 to https://new.example');
  expect(result.advice).toContain('set sink.influx.url to that address');
  for (const status of [200, 404]) {
    const page = await answered(V2, { status, body: '<html><title>Router</title></html>' });
    expect(page).toMatchObject({
      state: 'fail',
      found: expect.stringContaining('a web page with the title "Router"'),
      advice: expect.stringContaining('correct sink.influx.url'),
    });
  }
});

test('an organisation that is not known is not taken for a bucket', async () => {
  const body = '{"code":"not found","message":"organization name \\"o\\" not found"}';
  expect(await answered(V2, { status: 404, body })).toMatchObject({
    state: 'fail',
    found: expect.stringContaining('there is no such organisation'),
    advice: expect.stringContaining('correct sink.influx.org'),
  });
});

test('what the store says about itself is bounded and safe for a terminal', async () => {
  const { url } = await store(() => ({ status: 204, headers: { 'x-influxdb-version': 'v'.repeat(5_000) } }));
  const { result } = await checkInfluxStore({ ...V1, url }, 1_000);
  expect(result.found.length).toBeLessThan(300);
});

test('the Date of the answer shows how far the clock of the store is ahead', async () => {
  const date = new Date(Date.now() - 600_000).toUTCString();
  const { url } = await store(() => ({ status: 204, headers: { date } }));
  const { aheadMs } = await checkInfluxStore({ ...V1, url }, 1_000);
  expect(aheadMs).toBeGreaterThan(-603_000);
  expect(aheadMs).toBeLessThan(-597_000);
});

function contents(directory: string): Record<string, string> {
  return Object.fromEntries(
    readdirSync(directory)
      .toSorted()
      .map((name) => [name, readFileSync(join(directory, name), 'base64')]),
  );
}

test('a file with a log that was never checkpointed can be opened, and not a byte changes', async () => {
  const directory = tempDirectory();
  const path = join(directory, 'x.duckdb');
  const api = await loadDuckdb();
  const instance = await api.DuckDBInstance.create(path);
  const connection = await instance.connect();
  await connection.run('PRAGMA disable_checkpoint_on_shutdown');
  await connection.run('CREATE TABLE t AS SELECT 1 AS a');
  connection.disconnectSync();
  instance.closeSync();
  const before = contents(directory);
  expect(Object.keys(before)).toEqual(['x.duckdb', 'x.duckdb.wal']);
  expect(await checkDuckdbStore({ path }, false)).toMatchObject({
    state: 'ok',
    found: expect.stringMatching(/^DuckDB v[\d.]+, .*x\.duckdb, [\d.]+ KiB, can be opened$/),
  });
  expect(contents(directory)).toEqual(before);
});

test('a file that is no database fails', async () => {
  const path = join(tempDirectory(), 'x.duckdb');
  writeFileSync(path, 'hello '.repeat(1_000));
  expect(await checkDuckdbStore({ path }, false)).toMatchObject({
    state: 'fail',
    found: expect.stringContaining('cannot be opened'),
    advice: expect.stringContaining('restore the file'),
  });
});

test('a folder that cannot be created fails', async () => {
  const directory = tempDirectory();
  writeFileSync(join(directory, 'rows'), '');
  expect(await checkDuckdbStore({ path: join(directory, 'rows', 'x.duckdb') }, false)).toMatchObject({
    state: 'fail',
    found: expect.stringContaining('a file is in its place'),
  });
});

test('a package that cannot be loaded fails', async () => {
  const load = () => loadDuckdb(() => Promise.reject(new Error('no such package')));
  expect(await checkDuckdbStore({ path: '/nowhere/x.duckdb' }, false, load)).toMatchObject({
    state: 'fail',
    found: expect.stringContaining('cannot be loaded'),
  });
});
