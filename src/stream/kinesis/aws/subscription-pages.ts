import type { SubscribeToShardEventStream } from '@aws-sdk/client-kinesis';
import { SluiceError } from '../../../lib/errors.js';
import type { FanOutPage } from '../kinesis-api.js';
import { kinesisFailure } from './kinesis-failure.js';
import { childShardIds, kinesisRecord } from './kinesis-shapes.js';

export interface SubscriptionOptions {
  readonly streamName: string;
  readonly idleTimeoutMs: number;
  readonly signal: AbortSignal;
}

/**
 * Iterates over the pages of one subscription. It ends when Kinesis ends the subscription or the signal aborts; it rejects
 * with KINESIS_UNREACHABLE when nothing arrives for `idleTimeoutMs`, and with the code of an exception that is sent
 * instead of a page. A broken connection ends it or rejects: the SDK 3.1143 does not always distinguish a reset from an
 * end. No page is returned in part.
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
    // Not awaited, because on a dead connection it would never resolve.
    void pages.return?.().then(undefined, () => {});
  }
}

/** Resolves with undefined when the signal has aborted. */
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

/** Returns undefined for an event that this version does not know. The SDK throws events that are exceptions. */
function fanOutPage({ SubscribeToShardEvent: page }: SubscribeToShardEventStream): FanOutPage | undefined {
  if (page === undefined) return undefined;
  const continuation = page.ContinuationSequenceNumber;
  return {
    records: (page.Records ?? []).map(kinesisRecord),
    // At the end of a shard it is absent or empty.
    continuation: continuation === '' ? undefined : continuation,
    millisBehindLatest: page.MillisBehindLatest ?? 0,
    childShards: childShardIds(page.ChildShards),
  };
}
