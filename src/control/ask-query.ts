import type { Socket } from 'node:net';
import type { StoreQuery, StoreQueryAnswer } from '../sink/store-query.js';
import { ANSWER_WITHIN_MS, ask, isUnknownRequest, noAnswer, ofOlderVersion } from './ask-gateway.js';
import type { QueryProgress } from './serve-query.js';

/**
 * Lets the gateway at the other end of the connection answer a query; `onBytes` gets how much is written. Resolves with the
 * answer while the connection is open: its file is removed when the caller closes it. Rejects with the error of the gateway,
 * or with CONTROL_FAILED when it stops answering.
 */
export function askQuery(
  connection: Socket,
  query: StoreQuery,
  onBytes: (writtenBytes: number) => void,
  answerWithinMs = ANSWER_WITHIN_MS,
): Promise<StoreQueryAnswer> {
  return new Promise((resolve, reject) => {
    const onProgress = (progress: QueryProgress) => {
      if ('answer' in progress) resolve(progress.answer);
      else onBytes(progress.writtenBytes);
    };
    // Once the answer has come, what the end of the connection would mean is of no interest.
    ask(connection, { kind: 'query', query }, 'query', answerWithinMs, onProgress).then(
      (isTimedOut) => reject(noAnswer('query', isTimedOut, answerWithinMs)),
      (thrown) => reject(isUnknownRequest(thrown) ? ofOlderVersion('query') : thrown),
    );
  });
}
