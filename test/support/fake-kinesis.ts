import { SluiceError } from '../../src/lib/errors.js';
import type {
  IteratorStart,
  KinesisRecord,
  PutEntry,
  PutResult,
  RecordsPage,
  ShardDescription,
  StreamSummary,
} from '../../src/stream/kinesis/kinesis-api.js';
import { type FakeFaults, FakeKinesisApi, noCalls } from './fake-kinesis-api.js';
import { deferred } from './fake-kinesis-deferred.js';
import { FakeFanOut, type FanOutFaults } from './fake-kinesis-fan-out.js';
import { FakeIterators } from './fake-kinesis-iterators.js';
import { checkEntries, entryBytes, HASH_SPACE, hashOf, refused } from './fake-kinesis-limits.js';
import { FakeShard, type HashRange, readableRecord, type StoredRecord } from './fake-kinesis-shard.js';

export type {
  CallCounts,
  CallName,
  FakeFaults,
  FakeKinesisApi,
  GetFault,
  PutFault,
} from './fake-kinesis-api.js';
export type { FakeFanOut, FanOutFaults } from './fake-kinesis-fan-out.js';

export interface FakeKinesisOptions {
  readonly shards: number;
  /** Wall clock in ms: arrival times, lag, the age of iterators and subscriptions. `Date.now` by default. */
  readonly clock?: () => number;
  readonly name?: string;
  /** Throttle each shard at 1,000 records and 1 MB in a second of the clock. Off by default. */
  readonly shardLimits?: boolean;
  /** PutRecords promises no order: `reversed` stores the entries of a call last first. */
  readonly storeOrder?: 'as-given' | 'reversed';
  readonly summary?: Partial<StreamSummary>;
}

const MAX_PAGE_BYTES = 10 * 1024 * 1024;
const MAX_PAGE_RECORDS = 10_000;
/** A digit is gained after about 300 records: who compares sequence numbers as text, or as doubles, is found out. */
const FIRST_SEQUENCE = 10n ** 55n - 1_000n;
const SEQUENCE_STEP = 3n;

/** One Kinesis stream in memory, with Kinesis' semantics and no timers. Several clients may share it. */
export class FakeKinesis {
  readonly name: string;
  /** Of all clients together. */
  readonly calls = noCalls();
  readonly #options: FakeKinesisOptions;
  readonly #nowMs: () => number;
  readonly #createdAtMs: number;
  /** In the order of creation, also those that are no longer listed. */
  readonly #shards = new Map<string, FakeShard>();
  readonly #forgotten = new Set<string>();
  readonly #stored: { readonly shardId: string; readonly record: StoredRecord }[] = [];
  #nextSequence = FIRST_SEQUENCE;
  readonly #iterators: FakeIterators;
  readonly #subscriptions = new Map<string, { readonly begunAtMs: number; ended: boolean }>();
  #change = deferred<void>();

  constructor(options: FakeKinesisOptions) {
    this.#options = options;
    this.#nowMs = options.clock ?? Date.now;
    this.#createdAtMs = this.#nowMs();
    this.#iterators = new FakeIterators(this.#nowMs);
    this.name = options.name ?? 'telemetry';
    const count = BigInt(options.shards);
    for (let index = 0n; index < count; index += 1n) {
      this.#addShard(
        { start: (HASH_SPACE * index) / count, end: (HASH_SPACE * (index + 1n)) / count - 1n },
        [],
      );
    }
  }

  /** A client with faults and counters of its own. */
  api(faults: FakeFaults = {}): FakeKinesisApi {
    return new FakeKinesisApi(this, faults);
  }

  fanOut(faults: FanOutFaults = {}): FakeFanOut {
    return new FakeFanOut(this, faults);
  }

  /** Closes the shard; its children begin at once. `at`: first hash key of the second child, the middle by default. */
  split(shardId: string, at?: bigint): readonly [string, string] {
    const shard = this.#openShard(shardId);
    const { start, end } = shard.range;
    const middle = at ?? (start + end + 1n) / 2n;
    if (middle <= start || middle > end) throw new Error(`${middle} does not split ${shardId}`);
    this.#close(shard);
    const children = [
      this.#addShard({ start, end: middle - 1n }, [shardId]),
      this.#addShard({ start: middle, end }, [shardId]),
    ] as const;
    shard.children.push(...children);
    this.#wake();
    return children;
  }

  /** `a` becomes the parent, `b` the adjacent parent of the new shard. */
  merge(a: string, b: string): string {
    const parent = this.#openShard(a);
    const adjacent = this.#openShard(b);
    const [low, high] =
      parent.range.start < adjacent.range.start
        ? [parent.range, adjacent.range]
        : [adjacent.range, parent.range];
    if (low.end + 1n !== high.start) throw new Error(`${a} and ${b} are not adjacent`);
    this.#close(parent);
    this.#close(adjacent);
    const child = this.#addShard({ start: low.start, end: high.end }, [a, b]);
    parent.children.push(child);
    adjacent.children.push(child);
    this.#wake();
    return child;
  }

  /** Retention has passed the records before this sequence number. */
  trim(shardId: string, beforeSequenceNumber: string): void {
    this.#shard(shardId).trimmedBefore = BigInt(beforeSequenceNumber);
  }

  /** Retention has passed the whole closed shard: it is no longer listed, and its id is unknown. */
  forget(shardId: string): void {
    if (this.#shard(shardId).open) throw new Error(`${shardId} is open`);
    this.#forgotten.add(shardId);
  }

  /** Every iterator returned so far; 5 minutes of the clock do the same. */
  expireIterators(): void {
    this.#iterators.expireAll();
  }

  /** Every open subscription, as after its 5 minutes. */
  endSubscriptions(): void {
    for (const subscription of this.#subscriptions.values()) subscription.ended = true;
    this.#wake();
  }

  /** As ListShards returns them: open and closed, within retention. */
  shards(): readonly ShardDescription[] {
    return [...this.#shards.values()]
      .filter((shard) => !this.#forgotten.has(shard.shardId))
      .map((shard) => shard.description());
  }

  /** All records ever stored, trimmed or not, in the order of storing. */
  stored(shardId?: string): KinesisRecord[] {
    return this.#stored
      .filter((entry) => shardId === undefined || entry.shardId === shardId)
      .map((entry) => readableRecord(entry.record));
  }

  summary(): StreamSummary {
    return {
      arn: `arn:aws:kinesis:eu-west-1:000000000000:stream/${this.name}`,
      status: 'ACTIVE',
      mode: 'PROVISIONED',
      recordDistribution: 'BY_KEY',
      openShards: [...this.#shards.values()].filter((shard) => shard.open).length,
      retentionHours: 24,
      maxRecordBytes: 1024 * 1024,
      createdAtMs: this.#createdAtMs,
      ...this.#options.summary,
    };
  }

  // What follows is for the clients: `api` and `fanOut`.

  put(
    entries: readonly PutEntry[],
    failIndexes: ReadonlyMap<number, 'throttled' | 'internal'> = new Map(),
  ): readonly PutResult[] {
    checkEntries(entries, this.summary().maxRecordBytes);
    const results: PutResult[] = [];
    const indexes = [...entries.keys()];
    if (this.#options.storeOrder === 'reversed') indexes.reverse();
    for (const index of indexes) results[index] = this.#putOne(entries[index]!, failIndexes.get(index));
    this.#wake();
    return results;
  }

  #putOne(entry: PutEntry, failure: 'throttled' | 'internal' | undefined): PutResult {
    const hash = hashOf(entry);
    const shard = [...this.#shards.values()].find((candidate) => candidate.open && candidate.holds(hash))!;
    if (failure !== undefined) return { ok: false, failure, message: `${failure} on purpose` };
    const nowMs = this.#nowMs();
    if (this.#options.shardLimits === true && !shard.admits(entryBytes(entry), nowMs)) {
      return { ok: false, failure: 'throttled', message: `Rate exceeded for shard ${shard.shardId}` };
    }
    const record: StoredRecord = {
      sequence: this.#takeSequence(),
      partitionKey: entry.partitionKey,
      data: Uint8Array.from(entry.data),
      arrivedAtMs: nowMs,
    };
    shard.records.push(record);
    this.#stored.push({ shardId: shard.shardId, record });
    return { ok: true, sequenceNumber: String(record.sequence), shardId: shard.shardId };
  }

  iterator(shardId: string, start: IteratorStart): string {
    return this.#iterators.issue({ shardId, from: this.firstWanted(shardId, start) });
  }

  /** Throws KINESIS_ITERATOR_EXPIRED, or KINESIS_REQUEST_REFUSED for something that is no iterator. */
  shardOfIterator(iterator: string): string {
    return this.#iterators.read(iterator).shardId;
  }

  page(iterator: string, limit: number): RecordsPage {
    if (!Number.isInteger(limit) || limit < 1 || limit > MAX_PAGE_RECORDS) throw refused(`limit ${limit}`);
    const { shardId, from } = this.#iterators.read(iterator);
    const { next, ...page } = this.stretch(shardId, from, limit);
    return next === undefined
      ? page
      : { ...page, nextIterator: this.#iterators.issue({ shardId, from: next }) };
  }

  emptyPage(iterator: string): RecordsPage {
    const { shardId, from } = this.#iterators.read(iterator);
    const shard = this.#shard(shardId);
    return {
      records: [],
      nextIterator: this.#iterators.issue({ shardId, from }),
      millisBehindLatest: this.#behindMs(shard, shard.indexAt(from), undefined),
      childShards: [],
    };
  }

  /** The sequence number that a reader which starts there wants first. */
  firstWanted(shardId: string, start: IteratorStart): bigint {
    const shard = this.#shard(shardId);
    switch (start.type) {
      case 'TRIM_HORIZON':
        return shard.starting;
      case 'AT_TIMESTAMP': {
        const { timestampMs } = start;
        if (timestampMs > this.#nowMs()) throw refused(`the time ${timestampMs} is in the future`);
        const first = shard.records.find((record) => record.arrivedAtMs >= timestampMs);
        return first?.sequence ?? this.#nextSequence;
      }
      default: {
        const { sequenceNumber } = start;
        if (!/^\d+$/.test(sequenceNumber)) throw refused(`"${sequenceNumber}" is no sequence number`);
        const sequence = BigInt(sequenceNumber);
        const beyond = shard.ending === undefined ? sequence >= this.#nextSequence : sequence > shard.ending;
        if (sequence < shard.starting || beyond) {
          throw refused(`sequence number ${sequenceNumber} is not of ${shard.shardId}`);
        }
        return start.type === 'AT_SEQUENCE_NUMBER' ? sequence : sequence + 1n;
      }
    }
  }

  /** Records at or after `from`, and where to continue; without `next` the shard is closed and these were its last records. */
  stretch(
    shardId: string,
    from: bigint,
    limit: number,
  ): Omit<RecordsPage, 'nextIterator'> & { readonly next?: bigint } {
    const shard = this.#shard(shardId);
    const first = shard.indexAt(from);
    let end = first;
    let bytes = 0;
    while (end < shard.records.length && end - first < limit) {
      bytes += shard.records[end]!.data.length;
      if (bytes > MAX_PAGE_BYTES && end > first) break;
      end += 1;
    }
    const taken = shard.records.slice(first, end);
    const last = taken.at(-1);
    const records = taken.map(readableRecord);
    const millisBehindLatest = this.#behindMs(shard, end, last);
    if (!shard.open && end === shard.records.length) {
      return { records, millisBehindLatest, childShards: [...shard.children] };
    }
    return {
      records,
      next: last === undefined ? from : last.sequence + 1n,
      millisBehindLatest,
      childShards: [],
    };
  }

  /** Nothing to read there until the stream changes. */
  atTip(shardId: string, from: bigint): boolean {
    const shard = this.#shard(shardId);
    return shard.open && shard.indexAt(from) === shard.records.length;
  }

  consumerArn(name: string): string {
    return `${this.summary().arn}/consumer/${name}:1`;
  }

  /** Ends the one before it, once it is old enough. */
  beginSubscription(
    consumerArn: string,
    shardId: string,
    resubscribeMs: number,
  ): { readonly ended: boolean } {
    this.#shard(shardId);
    const key = `${consumerArn} ${shardId}`;
    const before = this.#subscriptions.get(key);
    const nowMs = this.#nowMs();
    if (before !== undefined && nowMs - before.begunAtMs < resubscribeMs) {
      throw new SluiceError('KINESIS_STREAM_BUSY', `${shardId} was subscribed to a moment ago`);
    }
    if (before !== undefined) before.ended = true;
    const subscription = { begunAtMs: nowMs, ended: false };
    this.#subscriptions.set(key, subscription);
    this.#wake();
    return subscription;
  }

  /** Resolves at the next change of the stream, or when the signal aborts. */
  async changed(signal: AbortSignal): Promise<void> {
    const aborted = deferred<void>();
    const abort = () => aborted.resolve();
    signal.addEventListener('abort', abort, { once: true });
    if (signal.aborted) abort();
    await Promise.race([this.#change.promise, aborted.promise]);
    signal.removeEventListener('abort', abort);
  }

  #wake(): void {
    const change = this.#change;
    this.#change = deferred<void>();
    change.resolve();
  }

  #behindMs(shard: FakeShard, end: number, last: StoredRecord | undefined): number {
    const following = shard.records[end];
    if (following === undefined) return 0;
    return Math.max(1, this.#nowMs() - (last ?? following).arrivedAtMs);
  }

  #shard(shardId: string): FakeShard {
    const shard = this.#shards.get(shardId);
    if (shard === undefined || this.#forgotten.has(shardId)) {
      throw new SluiceError('KINESIS_STREAM_MISSING', `stream ${this.name} has no shard ${shardId}`);
    }
    return shard;
  }

  #openShard(shardId: string): FakeShard {
    const shard = this.#shard(shardId);
    if (!shard.open) throw new Error(`${shardId} is closed already`);
    return shard;
  }

  #addShard(range: HashRange, parents: readonly string[]): string {
    const shardId = `shardId-${String(this.#shards.size).padStart(12, '0')}`;
    this.#shards.set(shardId, new FakeShard(shardId, range, parents, this.#takeSequence()));
    return shardId;
  }

  #close(shard: FakeShard): void {
    shard.ending = this.#takeSequence();
  }

  #takeSequence(): bigint {
    const sequence = this.#nextSequence;
    this.#nextSequence += SEQUENCE_STEP;
    return sequence;
  }
}
