import type { SluiceError } from '../../src/lib/errors.js';
import type { FanOutApi, FanOutPage, IteratorStart } from '../../src/stream/kinesis/kinesis-api.js';
import type { FakeKinesis } from './fake-kinesis.js';
import { type CallName, noCalls } from './fake-kinesis-api.js';

export interface FanOutFaults {
  subscribe?: (shardId: string, callNumber: number) => SluiceError | undefined;
  /** Asked before each page of a subscription, from 1: an error breaks it off, `end` ends it as 5 minutes do. */
  page?: (shardId: string, pageNumber: number) => SluiceError | 'end' | undefined;
  delay?: (call: CallName) => Promise<void>;
  /** Kinesis refuses a second subscription this soon; by the stream's clock. 5,000 by default. */
  resubscribeMs?: number;
}

const MAX_PAGE_RECORDS = 1_000;

/** Pushes pages as records come. Has no timers: `FakeKinesis.endSubscriptions` plays the 5 minutes. */
export class FakeFanOut implements FanOutApi {
  faults: FanOutFaults;
  readonly calls = noCalls();
  readonly #stream: FakeKinesis;

  constructor(stream: FakeKinesis, faults: FanOutFaults) {
    this.#stream = stream;
    this.faults = faults;
  }

  async registerConsumer(name: string): Promise<string> {
    this.#count('registerConsumer');
    await this.faults.delay?.('registerConsumer');
    return this.#stream.consumerArn(name);
  }

  async *subscribe(
    consumerArn: string,
    shardId: string,
    start: IteratorStart,
    signal: AbortSignal,
  ): AsyncIterable<FanOutPage> {
    const callNumber = this.#count('subscribe');
    await this.faults.delay?.('subscribe');
    if (signal.aborted) return;
    const fault = this.faults.subscribe?.(shardId, callNumber);
    if (fault !== undefined) throw fault;
    const subscription = this.#stream.beginSubscription(
      consumerArn,
      shardId,
      this.faults.resubscribeMs ?? 5_000,
    );
    let from = this.#stream.firstWanted(shardId, start);
    for (let pageNumber = 1; ; pageNumber += 1) {
      const pageFault = this.faults.page?.(shardId, pageNumber);
      if (pageFault === 'end') return;
      if (pageFault !== undefined) throw pageFault;
      const { next, ...page } = this.#stream.stretch(shardId, from, MAX_PAGE_RECORDS);
      if (next === undefined) {
        yield page;
        return;
      }
      yield { ...page, continuation: String(next - 1n) };
      from = next;
      while (this.#stream.atTip(shardId, from) && !signal.aborted && !subscription.ended) {
        await this.#stream.changed(signal);
      }
      if (signal.aborted || subscription.ended) return;
    }
  }

  #count(name: CallName): number {
    this.#stream.calls[name] += 1;
    this.calls[name] += 1;
    return this.calls[name];
  }
}
