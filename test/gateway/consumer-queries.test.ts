import { expect, it } from 'vitest';
import { queryConsumer, queryProgress } from '../../src/gateway/consumer-queries.js';
import { SluiceError } from '../../src/lib/errors.js';
import type { ConsumeAnswer, ConsumeRequest } from '../../src/pipeline/consume-protocol.js';
import type { StoreQuery } from '../../src/sink/store-query.js';

const QUERY: StoreQuery = { of: { sql: 'SELECT 1' }, format: 'csv', maxRows: 1, timeoutMs: 1, maxBytes: 1 };

/** A consumer that answers a query only when it is told to end it. */
function consumer() {
  const asked: ConsumeRequest[] = [];
  let reject: (reason: Error) => void = () => undefined;
  return {
    asked,
    ask: (request: ConsumeRequest): Promise<ConsumeAnswer> => {
      asked.push(request);
      if (request.kind === 'query-progress') return Promise.resolve(17);
      if (request.kind === 'query') {
        return new Promise((_resolve, fail) => {
          reject = fail;
        });
      }
      reject(new SluiceError('SINK_QUERY_FAILED', 'stopped'));
      return Promise.resolve(undefined);
    },
  };
}

it.each(['later', 'before'])('a query whose caller is gone (%s) is ended', async (when) => {
  const worker = consumer();
  const gone = new AbortController();
  if (when === 'before') gone.abort();
  const answer = queryConsumer(worker, QUERY, gone.signal);
  gone.abort();
  await expect(answer).rejects.toMatchObject({ message: 'stopped' });
  const [first, second, ...others] = worker.asked;
  expect(first).toMatchObject({ kind: 'query', query: QUERY });
  expect(second).toEqual({ kind: 'query-end', id: (first as { id: string }).id });
  expect(others).toEqual([]);
});

it('progress comes from the consumer; a process without one has neither', async () => {
  expect(await queryProgress(consumer())).toBe(17);
  expect(await queryProgress(undefined)).toBeUndefined();
  await expect(queryConsumer(undefined, QUERY, new AbortController().signal)).rejects.toMatchObject({
    code: 'SINK_QUERY_UNSUPPORTED',
  });
});
