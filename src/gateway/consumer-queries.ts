import { randomUUID } from 'node:crypto';
import { SluiceError } from '../lib/errors.js';
import type { StoreQuery, StoreQueryAnswer } from '../sink/store-query.js';
import type { ConsumeWorker } from './gateway-workers.js';

type Consumer = Pick<ConsumeWorker, 'ask'> | undefined;

/** Lets the consumer's thread answer a query, until `signal` aborts. Rejects where no consumer runs, or with its refusal. */
export async function queryConsumer(
  consumer: Consumer,
  query: StoreQuery,
  signal: AbortSignal,
): Promise<StoreQueryAnswer> {
  if (consumer === undefined) {
    throw new SluiceError(
      'SINK_QUERY_UNSUPPORTED',
      'this process only forwards to Kinesis; a consumer has the store',
    );
  }
  const id = randomUUID();
  // A consumer that has ended answers nothing anyway.
  const onAbort = () => void consumer.ask({ kind: 'query-end', id }).catch(() => undefined);
  const answer = consumer.ask({ kind: 'query', id, query });
  if (signal.aborted) onAbort();
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return (await answer) as StoreQueryAnswer;
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

/** Resolves with the bytes that are written of the query that runs. */
export async function queryProgress(consumer: Consumer): Promise<number | undefined> {
  return (await consumer?.ask({ kind: 'query-progress' })) as number | undefined;
}
