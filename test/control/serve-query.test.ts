import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished, vi } from 'vitest';
import { askQuery } from '../../src/control/ask-query.js';
import { type CommandDeps, serveCommands } from '../../src/control/serve-commands.js';
import { dataDirectory } from '../../src/data-directory/data-directory.js';
import { connectToLockHolder, lockDataDirectory } from '../../src/data-directory/directory-lock.js';
import { SluiceError } from '../../src/lib/errors.js';
import type { StoreQuery } from '../../src/sink/store-query.js';
import { NO_COMMANDS } from '../support/no-commands.js';
import { tempDirectory } from '../support/temp-directory.js';

const QUERY: StoreQuery = {
  of: { measurement: 'climate', fromMs: 1, toMs: 2 },
  format: 'csv',
  maxRows: 3,
  timeoutMs: 4,
  maxBytes: 5,
};

async function connected(deps: Partial<CommandDeps>) {
  const root = tempDirectory();
  const lock = await lockDataDirectory(dataDirectory(root));
  onTestFinished(() => lock.release());
  lock.onConnection((connection) => serveCommands(connection, { ...NO_COMMANDS, ...deps }));
  const connection = await connectToLockHolder(root);
  onTestFinished(() => {
    connection.destroy();
  });
  return connection;
}

it('a command gets the progress and then the path of the answer, which is removed when it disconnects', async () => {
  const path = join(tempDirectory(), 'answer');
  const asked: StoreQuery[] = [];
  let finish: () => void = () => undefined;
  const finished = new Promise<void>((resolve) => {
    finish = resolve;
  });
  const answer = { path, bytes: 1, rows: 1, columns: [], isLimitReached: false };
  const connection = await connected({
    query: async (query) => {
      asked.push(query);
      await finished;
      writeFileSync(path, 'x');
      return answer;
    },
    queryProgress: async () => 17,
  });
  const bytes: number[] = [];
  const answered = askQuery(connection, QUERY, (written) => bytes.push(written));
  await vi.waitFor(() => expect(bytes).toContain(17), { timeout: 5_000 });
  finish();
  expect(await answered).toEqual(answer);
  expect(asked).toEqual([QUERY]);
  expect(existsSync(path)).toBe(true);
  connection.destroy();
  await vi.waitFor(() => expect(existsSync(path)).toBe(false));
});

it('a command that disconnects ends its query', async () => {
  const isAsked = vi.fn();
  const ended = new Promise<void>((resolve) => {
    void connected({
      query: (_query, signal) => {
        isAsked();
        return new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => {
            reject(new SluiceError('SINK_QUERY_FAILED', 'stopped'));
            resolve();
          });
        });
      },
    }).then(async (connection) => {
      askQuery(connection, QUERY, () => undefined).catch(() => undefined); // the connection is gone
      await vi.waitFor(() => expect(isAsked).toHaveBeenCalled());
      connection.destroy();
    });
  });
  await ended;
});

it('a command gets the refusal of the gateway', async () => {
  const connection = await connected({
    query: () => Promise.reject(new SluiceError('TOO_MANY_QUERIES', 'one at a time')),
  });
  await expect(askQuery(connection, QUERY, () => undefined)).rejects.toMatchObject({
    code: 'TOO_MANY_QUERIES',
    message: 'one at a time',
  });
});

it.each([
  [{ ...QUERY, format: 'xml' }, 'expected a format of json, csv, parquet, text-rows'],
  [{ ...QUERY, maxRows: 0 }, 'expected limits of rows, time and bytes'],
  [{ ...QUERY, of: {} }, 'expected a statement or a measurement'],
  [{ ...QUERY, of: { measurement: 'a', fromMs: 'x' } }, 'expected times in ms since 1970'],
])('a malformed query is refused: %o', async (query, reason) => {
  const connection = await connected({});
  await expect(askQuery(connection, query as unknown as StoreQuery, () => undefined)).rejects.toMatchObject({
    code: 'USAGE_INVALID',
    message: `the query: ${reason}`,
  });
});
