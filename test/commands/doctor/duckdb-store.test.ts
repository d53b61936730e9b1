import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { checkDuckdbStore } from '../../../src/commands/doctor/duckdb-store.js';
import { loadDuckdb } from '../../../src/sink/duckdb/duckdb-database.js';
import { tempDirectory } from '../../support/temp-directory.js';

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

test('a folder that cannot be made fails', async () => {
  const directory = tempDirectory();
  writeFileSync(join(directory, 'rows'), '');
  expect(await checkDuckdbStore({ path: join(directory, 'rows', 'x.duckdb') }, false)).toMatchObject({
    state: 'fail',
    found: expect.stringContaining('a file stands in its way'),
  });
});

test('a package that cannot be loaded fails', async () => {
  const load = () => loadDuckdb(() => Promise.reject(new Error('no such package')));
  expect(await checkDuckdbStore({ path: '/nowhere/x.duckdb' }, false, load)).toMatchObject({
    state: 'fail',
    found: expect.stringContaining('cannot be loaded'),
  });
});
