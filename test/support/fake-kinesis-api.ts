import { SluiceError } from '../../src/lib/errors.js';
import type {
  IteratorStart,
  KinesisApi,
  PutEntry,
  PutResult,
  RecordsPage,
  ShardDescription,
  StreamSummary,
} from '../../src/stream/kinesis/kinesis-api.js';
import type { FakeKinesis } from './fake-kinesis.js';
import { deferred } from './fake-kinesis-deferred.js';

/** What a PutRecords call meets instead of plain success. */
export type PutFault =
  /** `all`: the time-out after the commit; everything is stored and the caller cannot know. */
  | { readonly throw: SluiceError; readonly stored: 'none' | 'all' }
  /** These entries fail, the others are stored. An index beyond the request is ignored. */
  | { readonly failIndexes: ReadonlyMap<number, 'throttled' | 'internal'> };

export type GetFault =
  | { readonly throw: SluiceError }
  /** No records and the same position again; never the end of the shard. */
  | { readonly empty: true }
  /** At least 1. */
  | { readonly atMost: number }
  /** The page is taken after this resolves. */
  | { readonly stall: Promise<void> };

/** Call numbers are those of one client and begin with 1. Each may be changed while the test runs. */
export interface FakeFaults {
  putRecords?: (entries: readonly PutEntry[], callNumber: number) => PutFault | undefined;
  getRecords?: (shardId: string, callNumber: number) => GetFault | undefined;
  shardIterator?: (shardId: string, start: IteratorStart, callNumber: number) => SluiceError | undefined;
  listShards?: (callNumber: number) => SluiceError | undefined;
  describeStream?: (callNumber: number) => SluiceError | undefined;
  /** Awaited in each call before it takes effect. */
  delay?: (call: CallName) => Promise<void>;
  /** Awaited in each call after it took effect and before it answers. */
  answerDelay?: (call: CallName) => Promise<void>;
}

export const CALL_NAMES = [
  'putRecords',
  'getRecords',
  'shardIterator',
  'listShards',
  'describeStream',
  'registerConsumer',
  'subscribe',
] as const;
export type CallName = (typeof CALL_NAMES)[number];
export type CallCounts = Record<CallName, number>;

export function noCalls(): CallCounts {
  return Object.fromEntries(CALL_NAMES.map((name) => [name, 0])) as CallCounts;
}

/** One client of a FakeKinesis, with faults and counters of its own. */
export class FakeKinesisApi implements KinesisApi {
  faults: FakeFaults;
  readonly calls = noCalls();
  readonly #stream: FakeKinesis;
  readonly #closed = deferred<never>();
  #isClosed = false;

  constructor(stream: FakeKinesis, faults: FakeFaults) {
    this.#stream = stream;
    this.faults = faults;
    this.#closed.promise.catch(() => {});
  }

  putRecords(entries: readonly PutEntry[]): Promise<readonly PutResult[]> {
    return this.#call('putRecords', async (callNumber) => {
      const fault = this.faults.putRecords?.(entries, callNumber);
      if (fault === undefined) return this.#stream.put(entries);
      if ('failIndexes' in fault) return this.#stream.put(entries, fault.failIndexes);
      if (fault.stored === 'all') this.#stream.put(entries);
      throw fault.throw;
    });
  }

  getRecords(iterator: string, limit: number): Promise<RecordsPage> {
    return this.#call('getRecords', async (callNumber) => {
      const fault = this.faults.getRecords?.(this.#stream.shardOfIterator(iterator), callNumber);
      if (fault === undefined) return this.#stream.page(iterator, limit);
      if ('throw' in fault) throw fault.throw;
      if ('empty' in fault) return this.#stream.emptyPage(iterator);
      if ('atMost' in fault) return this.#stream.page(iterator, Math.min(limit, fault.atMost));
      await fault.stall;
      return this.#stream.page(iterator, limit);
    });
  }

  shardIterator(shardId: string, start: IteratorStart): Promise<string> {
    return this.#call('shardIterator', async (callNumber) => {
      const fault = this.faults.shardIterator?.(shardId, start, callNumber);
      if (fault !== undefined) throw fault;
      return this.#stream.iterator(shardId, start);
    });
  }

  listShards(): Promise<readonly ShardDescription[]> {
    return this.#call('listShards', async (callNumber) => {
      const fault = this.faults.listShards?.(callNumber);
      if (fault !== undefined) throw fault;
      return this.#stream.shards();
    });
  }

  describeStream(): Promise<StreamSummary> {
    return this.#call('describeStream', async (callNumber) => {
      const fault = this.faults.describeStream?.(callNumber);
      if (fault !== undefined) throw fault;
      return this.#stream.summary();
    });
  }

  /** Ends the calls in flight, also stalled ones, with KINESIS_UNREACHABLE; what they have stored stays stored. */
  close(): void {
    this.#isClosed = true;
    this.#closed.reject(this.#closedError());
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  async #call<T>(name: CallName, run: (callNumber: number) => Promise<T>): Promise<T> {
    if (this.#isClosed) throw this.#closedError();
    this.calls[name] += 1;
    this.#stream.calls[name] += 1;
    const callNumber = this.calls[name];
    const answer = async () => {
      await this.faults.delay?.(name);
      // Closed while the request had not left: it never takes effect.
      if (this.#isClosed) throw this.#closedError();
      const result = await run(callNumber);
      await this.faults.answerDelay?.(name);
      return result;
    };
    return Promise.race([answer(), this.#closed.promise]);
  }

  #closedError(): SluiceError {
    return new SluiceError('KINESIS_UNREACHABLE', `the client of stream ${this.#stream.name} is closed`);
  }
}
