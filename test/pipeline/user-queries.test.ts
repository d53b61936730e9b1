import { expect, it } from 'vitest';
import { SluiceError } from '../../src/lib/errors.js';
import { UserQueries } from '../../src/pipeline/user-queries.js';
import type { StoreQueries, StoreQuery } from '../../src/sink/store-query.js';

const QUERY: StoreQuery = { of: { sql: 'SELECT 1' }, format: 'csv', maxRows: 1, timeoutMs: 1, maxBytes: 1 };

/** A store whose queries run until they are stopped. */
function endless(): StoreQueries & { readonly stopped: string[] } {
  const stopped: string[] = [];
  return {
    stopped,
    answer: ({ of }, signal) =>
      new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => {
          stopped.push(JSON.stringify(of));
          reject(new SluiceError('SINK_QUERY_FAILED', 'stopped'));
        });
      }),
    writtenBytes: () => 17,
    counts: () => ({ answered: 0, refused: 0, busy: 0, limited: 0, ended: 0 }),
  };
}

it('a store without SQL says what to use instead', async () => {
  const queries = new UserQueries(undefined);
  await expect(queries.answer({ kind: 'query', id: 'a', query: QUERY })).rejects.toMatchObject({
    code: 'SINK_QUERY_UNSUPPORTED',
    message: expect.stringContaining('The store is InfluxDB, which is asked directly') as string,
  });
  expect(await queries.answer({ kind: 'query-progress' })).toBeUndefined();
});

it('a query is stopped by its id, and only that one', async () => {
  const store = endless();
  const queries = new UserQueries(store);
  const running = queries.answer({ kind: 'query', id: 'a', query: QUERY });
  expect(await queries.answer({ kind: 'query-progress' })).toBe(17);
  await queries.answer({ kind: 'query-end', id: 'b' });
  expect(store.stopped).toEqual([]);
  await queries.answer({ kind: 'query-end', id: 'a' });
  await expect(running).rejects.toMatchObject({ message: 'stopped' });
  expect(store.stopped).toEqual(['{"sql":"SELECT 1"}']);
});
