import { access, constants, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { errorText, SluiceError, systemErrorCode } from '../../errors.js';
import { loadDuckdb } from '../../sink/duckdb/duckdb-database.js';
import type { DuckdbSinkOptions } from '../../sink/duckdb/duckdb-options.js';
import { folderProblem } from '../environment-problems.js';
import { type CheckResult, fail, ok } from './check-result.js';
import { sizeText } from './size-text.js';
import { STORE } from './store-finding.js';

/** Opens the file for reading only: nothing is made or changed. Not at all while a gateway has it. */
export async function checkDuckdbStore(
  { path }: Pick<DuckdbSinkOptions, 'path'>,
  isGatewayRunning: boolean,
  load: typeof loadDuckdb = loadDuckdb,
): Promise<CheckResult> {
  let api: Awaited<ReturnType<typeof loadDuckdb>>;
  try {
    api = await load();
  } catch (thrown) {
    if (!(thrown instanceof SluiceError)) throw thrown;
    return fail(
      STORE,
      thrown.message,
      'run `npm install` with optional dependencies, or configure sink.influx',
    );
  }
  const version = `DuckDB ${api.version()}`;
  const sizeBytes = await fileSize(path);
  if (sizeBytes === undefined) return willBeMade(version, path);
  const place = `${version}, ${path}, ${sizeText(sizeBytes)}`;
  if (isGatewayRunning) return ok(STORE, `${place}, in use by the running gateway`);
  try {
    await access(path, constants.R_OK | constants.W_OK);
    const instance = await api.DuckDBInstance.create(path, { access_mode: 'READ_ONLY' });
    instance.closeSync();
    return ok(STORE, `${place}, can be opened`);
  } catch (thrown) {
    const text = errorText(thrown);
    const advice = /lock/i.test(text)
      ? 'another program has it open: stop that one, or name another file with sink.duckdb.path'
      : 'restore the file, put it aside (a new one is made), or name another with sink.duckdb.path';
    return fail(STORE, `${place}, cannot be opened: ${text}`, advice);
  }
}

async function willBeMade(version: string, path: string): Promise<CheckResult> {
  const problem = await folderProblem(dirname(path));
  if (problem === undefined) return ok(STORE, `${version}, ${path} will be made`);
  return fail(
    STORE,
    `${version}, ${path} cannot be made: ${problem.hint}`,
    'make its folder writable for this user, or name another with sink.duckdb.path',
  );
}

async function fileSize(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).size;
  } catch (thrown) {
    const code = systemErrorCode(thrown);
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw thrown;
  }
}
