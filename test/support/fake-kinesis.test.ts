import { describe, expect, it } from 'vitest';
import { SluiceError } from '../../src/lib/errors.js';
import type { KinesisRecord, PutEntry } from '../../src/stream/kinesis/kinesis-api.js';
import { kinesisApiContract } from '../contract/kinesis-api-contract.js';
import { FakeKinesis, type GetFault } from './fake-kinesis.js';

kinesisApiContract('FakeKinesis', async () => ({
  async openStream(shards) {
    const fake = new FakeKinesis({ shards });
    return {
      api: fake.api(),
      split: async (shardId, at) => {
        fake.split(shardId, at);
      },
      merge: async (a, b) => {
        fake.merge(a, b);
      },
    };
  },
  stop: async () => {},
}));

const FIRST = 'shardId-000000000000';
const HORIZON = { type: 'TRIM_HORIZON' } as const;
const entry = (data: string, extra: Partial<PutEntry> = {}): PutEntry => ({
  data: Buffer.from(data),
  partitionKey: 'k',
  ...extra,
});
const text = (record: KinesisRecord) => Buffer.from(record.data).toString();
const unreachable = new SluiceError('KINESIS_UNREACHABLE', 'on purpose');

describe('the faults of FakeKinesis', () => {
  it('store all of a call and answer as if none was', async () => {
    const fake = new FakeKinesis({ shards: 1 });
    const api = fake.api({
      putRecords: (_, call) => (call === 1 ? { throw: unreachable, stored: 'all' } : undefined),
    });
    await expect(api.putRecords([entry('a'), entry('b')])).rejects.toBe(unreachable);
    expect(fake.stored().map(text)).toEqual(['a', 'b']);
    api.faults = { putRecords: () => ({ throw: unreachable, stored: 'none' }) };
    await expect(api.putRecords([entry('c')])).rejects.toBe(unreachable);
    expect(fake.stored()).toHaveLength(2);
  });

  it('fail single entries and store the others', async () => {
    const fake = new FakeKinesis({ shards: 1 });
    const failIndexes = new Map([[1, 'throttled'] as const]);
    const results = await fake
      .api({ putRecords: () => ({ failIndexes }) })
      .putRecords([entry('a'), entry('b'), entry('c')]);
    expect(results.map((result) => (result.ok ? 'stored' : result.failure))).toEqual([
      'stored',
      'throttled',
      'stored',
    ]);
    expect(fake.stored().map(text)).toEqual(['a', 'c']);
  });

  it('give an empty page, a short one, a late one, or none', async () => {
    const fake = new FakeKinesis({ shards: 1 });
    const writer = fake.api();
    await writer.putRecords([entry('a'), entry('b'), entry('c')]);
    let release = () => {};
    const stall = new Promise<void>((resolve) => {
      release = resolve;
    });
    const faults: (GetFault | undefined)[] = [
      { empty: true },
      { atMost: 1 },
      { stall },
      { throw: unreachable },
    ];
    const reader = fake.api({ getRecords: (_, call) => faults[call - 1] });
    const empty = await reader.getRecords(await reader.shardIterator(FIRST, HORIZON), 10);
    expect(empty).toMatchObject({ records: [], nextIterator: expect.any(String) });
    const short = await reader.getRecords(empty.nextIterator!, 10);
    expect(short.records.map(text)).toEqual(['a']);
    const late = reader.getRecords(short.nextIterator!, 10);
    await writer.putRecords([entry('d')]);
    release();
    expect((await late).records.map(text)).toEqual(['b', 'c', 'd']);
    await expect(reader.getRecords(short.nextIterator!, 10)).rejects.toBe(unreachable);
    expect(reader.calls).toMatchObject({ getRecords: 4, shardIterator: 1, putRecords: 0 });
    expect(fake.calls).toMatchObject({ getRecords: 4, putRecords: 2 });
  });

  it('are those of one client', async () => {
    const fake = new FakeKinesis({ shards: 1 });
    const broken = fake.api({ listShards: () => unreachable, describeStream: () => unreachable });
    await expect(broken.listShards()).rejects.toBe(unreachable);
    await expect(broken.describeStream()).rejects.toBe(unreachable);
    await expect(fake.api().listShards()).resolves.toHaveLength(1);
  });

  it('end a stalled call with close; what was not sent has no effect', async () => {
    const fake = new FakeKinesis({ shards: 1 });
    const delay = () => new Promise<void>(() => {});
    const api = fake.api({ delay });
    const call = api.putRecords([entry('a')]);
    api.close();
    await expect(call).rejects.toMatchObject({ code: 'KINESIS_UNREACHABLE' });
    expect(fake.stored()).toEqual([]);
  });

  it('let a call take effect before it answers', async () => {
    const fake = new FakeKinesis({ shards: 1 });
    let answer = () => {};
    const answerDelay = () =>
      new Promise<void>((resolve) => {
        answer = resolve;
      });
    const api = fake.api({ answerDelay });
    const call = api.putRecords([entry('a')]);
    await expect.poll(() => fake.stored().length).toBe(1);
    answer();
    expect(await call).toHaveLength(1);
  });
});

describe('what only FakeKinesis can do', () => {
  it('expires iterators on demand, and after 5 minutes of its clock', async () => {
    let nowMs = 1_000_000;
    const fake = new FakeKinesis({ shards: 1, clock: () => nowMs });
    const api = fake.api();
    const expired = { code: 'KINESIS_ITERATOR_EXPIRED' };
    const first = await api.shardIterator(FIRST, HORIZON);
    fake.expireIterators();
    await expect(api.getRecords(first, 1)).rejects.toMatchObject(expired);
    const second = await api.shardIterator(FIRST, HORIZON);
    nowMs += 300_000;
    await expect(api.getRecords(second, 1)).resolves.toMatchObject({ records: [] });
    nowMs += 1;
    await expect(api.getRecords(second, 1)).rejects.toMatchObject(expired);
  });

  it('trims: a position before the oldest record begins there', async () => {
    const fake = new FakeKinesis({ shards: 1 });
    const api = fake.api();
    await api.putRecords([entry('a'), entry('b'), entry('c')]);
    const [a, b] = fake.stored() as [KinesisRecord, KinesisRecord];
    fake.trim(FIRST, b.sequenceNumber);
    for (const start of [
      HORIZON,
      { type: 'AT_SEQUENCE_NUMBER', sequenceNumber: a.sequenceNumber } as const,
    ]) {
      const page = await api.getRecords(await api.shardIterator(FIRST, start), 10);
      expect(page.records.map(text)).toEqual(['b', 'c']);
    }
    expect(fake.stored()).toHaveLength(3);
  });

  it('forgets a closed shard whose retention is over', async () => {
    const fake = new FakeKinesis({ shards: 1 });
    const children = fake.split(FIRST);
    fake.forget(FIRST);
    expect(fake.shards().map((shard) => shard.shardId)).toEqual(children);
    expect(fake.shards()[0]!.parentShardId).toBe(FIRST);
    await expect(fake.api().shardIterator(FIRST, HORIZON)).rejects.toMatchObject({
      code: 'KINESIS_STREAM_MISSING',
    });
  });

  it('ends a shard with a sequence number that is not of its last record', async () => {
    const fake = new FakeKinesis({ shards: 2 });
    await fake.api().putRecords([entry('a', { explicitHashKey: '0' })]);
    fake.merge(FIRST, 'shardId-000000000001');
    const [closed] = fake.shards();
    expect(BigInt(closed!.endingSequenceNumber!)).toBeGreaterThan(
      BigInt(fake.stored(FIRST)[0]!.sequenceNumber),
    );
  });

  it('gives sequence numbers that neither text nor double can compare', async () => {
    const fake = new FakeKinesis({ shards: 1 });
    const api = fake.api();
    await api.putRecords(Array.from({ length: 400 }, (_, i) => entry(`${i}`)));
    const numbers = fake.stored().map((record) => record.sequenceNumber);
    expect(numbers.toSorted()).not.toEqual(numbers);
    expect(new Set(numbers.map(Number)).size).toBeLessThan(400);
    expect(numbers.toSorted((a, b) => (BigInt(a) < BigInt(b) ? -1 : 1))).toEqual(numbers);
  });

  it('returns how far a page is behind, by its clock', async () => {
    let nowMs = 1_000;
    const fake = new FakeKinesis({ shards: 1, clock: () => nowMs });
    const api = fake.api();
    await api.putRecords([entry('a')]);
    nowMs = 4_000;
    await api.putRecords([entry('b')]);
    nowMs = 6_000;
    const first = await api.getRecords(await api.shardIterator(FIRST, HORIZON), 1);
    expect(first.millisBehindLatest).toBe(5_000);
    expect((await api.getRecords(first.nextIterator!, 1)).millisBehindLatest).toBe(0);
  });

  it('throttles a shard by record and by byte, when asked to', async () => {
    let nowMs = 0;
    const fake = new FakeKinesis({ shards: 1, clock: () => nowMs, shardLimits: true });
    const api = fake.api();
    const many = () => Array.from({ length: 500 }, () => entry('x'));
    const stored = async (entries: readonly PutEntry[]) =>
      (await api.putRecords(entries)).filter((result) => result.ok).length;
    expect([await stored(many()), await stored(many()), await stored(many())]).toEqual([500, 500, 0]);
    nowMs = 1_000;
    const half = () => [entry('x'.repeat(600_000))];
    expect([await stored(half()), await stored(half())]).toEqual([1, 0]);
  });

  it('keeps no order within a call, when asked to', async () => {
    const fake = new FakeKinesis({ shards: 1, storeOrder: 'reversed' });
    const results = await fake.api().putRecords([entry('a'), entry('b')]);
    expect(fake.stored().map(text)).toEqual(['b', 'a']);
    expect(results.map((result) => result.ok && result.sequenceNumber)).toEqual(
      fake
        .stored()
        .map((record) => record.sequenceNumber)
        .reverse(),
    );
  });

  it('keeps its own copy of what is put, and gives a new one at each read', async () => {
    const fake = new FakeKinesis({ shards: 1 });
    const data = Buffer.from('a');
    await fake.api().putRecords([{ data, partitionKey: 'k' }]);
    data.fill('z');
    fake.stored()[0]!.data.fill(0);
    expect(text(fake.stored()[0]!)).toBe('a');
  });

  it('gives at most 10 MiB a page', async () => {
    const fake = new FakeKinesis({ shards: 1 });
    const api = fake.api();
    for (let i = 0; i < 12; i += 1) await api.putRecords([entry('x'.repeat(1024 * 1024 - 1))]);
    const first = await api.getRecords(await api.shardIterator(FIRST, HORIZON), 10_000);
    expect(first.records).toHaveLength(10);
    expect((await api.getRecords(first.nextIterator!, 10_000)).records).toHaveLength(2);
  });
});

describe('the fan-out of FakeKinesis', () => {
  it('pushes what is there and what comes, and ends with the shard', async () => {
    const fake = new FakeKinesis({ shards: 1 });
    const api = fake.api();
    await api.putRecords([entry('a')]);
    const seen: string[] = [];
    const pages = fake.fanOut().subscribe('c', FIRST, HORIZON, new AbortController().signal);
    let children: readonly string[] = [];
    for await (const page of pages) {
      seen.push(...page.records.map(text));
      children = page.childShards;
      if (seen.length === 1) await api.putRecords([entry('b')]);
      if (seen.length === 2 && page.continuation !== undefined) fake.split(FIRST);
    }
    expect(seen).toEqual(['a', 'b']);
    expect(children).toEqual(['shardId-000000000001', 'shardId-000000000002']);
  });

  it('waits until it is aborted, ended or has something', async () => {
    const fake = new FakeKinesis({ shards: 1 });
    const stop = new AbortController();
    const waiting = (async () => {
      let pages = 0;
      for await (const _ of fake.fanOut().subscribe('c', FIRST, HORIZON, stop.signal)) pages += 1;
      return pages;
    })();
    const other = (async () => {
      for await (const _ of fake.fanOut().subscribe('d', FIRST, HORIZON, new AbortController().signal));
      return 'ended';
    })();
    await expect.poll(() => fake.calls.subscribe).toBe(2);
    stop.abort();
    expect(await waiting).toBe(1);
    fake.endSubscriptions();
    expect(await other).toBe('ended');
  });

  it('refuses a second subscription within 5 s of its clock, and then ends the first', async () => {
    let nowMs = 0;
    const fake = new FakeKinesis({ shards: 1, clock: () => nowMs });
    const fanOut = fake.fanOut();
    const signal = new AbortController().signal;
    const open = () => fanOut.subscribe('c', FIRST, HORIZON, signal)[Symbol.asyncIterator]();
    const first = open();
    await first.next();
    const second = first.next();
    await expect(open().next()).rejects.toMatchObject({ code: 'KINESIS_STREAM_BUSY' });
    nowMs = 5_000;
    await open().next();
    expect((await second).done).toBe(true);
  });
});
