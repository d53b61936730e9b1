import type { SubscribeToShardEventStream } from '@aws-sdk/client-kinesis';
import { SluiceError } from '../../../errors.js';
import type { FanOutPage } from '../kinesis-api.js';
import { kinesisFailure } from './kinesis-failure.js';
import { childShardIds, kinesisRecord } from './kinesis-shapes.js';

export interface SubscriptionOptions {
  readonly streamName: string;
  readonly idleTimeoutMs: number;
  readonly signal: AbortSignal;
}

/**
 * The pages of one subscription. Ends when Kinesis ends it or the signal aborts; rejects with KINESIS_UNREACHABLE when
 * it brings nothing for `idleTimeoutMs`, and with the code of an exception sent in place of a page. A connection that
 * breaks ends it, or rejects: the SDK 3.1143 does not always tell a reset from an end. No page is given in part.
 */
export async function* subscriptionPages(
  stream: AsyncIterable<SubscribeToShardEventStream>,
  options: SubscriptionOptions,
): AsyncGenerator<FanOutPage> {
  const { streamName, signal } = options;
  const pages = stream[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await nextWithin(pages, options);
      if (next === undefined || next.done === true) return;
      const page = fanOutPage(next.value);
      if (page === undefined) continue;
      yield page;
      if (page.continuation === undefined) return;
    }
  } catch (thrown) {
    if (signal.aborted) return;
    throw kinesisFailure(thrown, { call: 'SubscribeToShard', streamName });
  } finally {
    // Not awaited: on a dead connection it would never resolve.
    void pages.return?.().then(undefined, () => {});
  }
}

/** Absent: the signal aborted. */
async function nextWithin<T>(
  pages: AsyncIterator<T>,
  { streamName, idleTimeoutMs, signal }: SubscriptionOptions,
): Promise<IteratorResult<T> | undefined> {
  let timer: NodeJS.Timeout | undefined;
  let abort = (): void => {};
  const stopped = new Promise<undefined>((resolve, reject) => {
    abort = () => resolve(undefined);
    signal.addEventListener('abort', abort, { once: true });
    if (signal.aborted) abort();
    timer = setTimeout(() => {
      const text = `SubscribeToShard on stream ${streamName}: nothing for ${idleTimeoutMs} ms`;
      reject(new SluiceError('KINESIS_UNREACHABLE', text));
    }, idleTimeoutMs);
  });
  try {
    return await Promise.race([pages.next(), stopped]);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', abort);
  }
}

/** Absent: something that this version does not know. The SDK throws what is sent as an exception. */
function fanOutPage({ SubscribeToShardEvent: page }: SubscribeToShardEventStream): FanOutPage | undefined {
  if (page === undefined) return undefined;
  const continuation = page.ContinuationSequenceNumber;
  return {
    records: (page.Records ?? []).map(kinesisRecord),
    // An empty text is as good as none; the end of a shard has neither.
    ...(continuation === undefined || continuation === '' ? {} : { continuation }),
    millisBehindLatest: page.MillisBehindLatest ?? 0,
    childShards: childShardIds(page.ChildShards),
  };
}
