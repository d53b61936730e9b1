import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type {
  IteratorStart,
  KinesisApi,
  KinesisRecord,
  PutEntry,
  ShardDescription,
} from '../../src/stream/kinesis/kinesis-api.js';

/** A stream of its own for one test. */
export interface StreamUnderTest {
  readonly api: KinesisApi;
  /** `at`: first hash key of the second child. Resolves when the children are there. */
  split(shardId: string, at: bigint): Promise<void>;
  merge(a: string, b: string): Promise<void>;
}

export interface KinesisUnderTest {
  openStream(shards: number): Promise<StreamUnderTest>;
  /** A client of a stream that does not exist. Absent: there is no such thing. */
  readonly missing?: KinesisApi;
  stop(): Promise<void>;
}

/** What a stand-in does otherwise than Kinesis. Each is tested as it is, so that a new version is noticed. */
export interface KinesisGaps {
  /** Does not name the children at the end of a shard. */
  readonly noChildShards?: true;
  /** Answers 500 to a text that is no iterator. */
  readonly junkIteratorIsAFault?: true;
  /** The ending sequence number of a closed shard has nothing to do with its records. */
  readonly endingSequenceNumberIsJunk?: true;
  /** A merged shard begins with the starting sequence number of a parent. */
  readonly mergeRepeatsStartingSequenceNumber?: true;
  /** Takes any sequence number where a shard has no records. */
  readonly emptyShardTakesAnySequenceNumber?: true;
}

const MIB = 1024 * 1024;
const FIRST = 'shardId-000000000000';
const text = (record: KinesisRecord) => Buffer.from(record.data).toString();
const entry = (data: string, partitionKey = 'k'): PutEntry => ({ data: Buffer.from(data), partitionKey });
const openOf = (shards: readonly ShardDescription[]) =>
  shards.filter((shard) => shard.endingSequenceNumber === undefined);

/** Reads a shard from `start` until it ends or `count` records are there; an empty page is no reason to stop. */
async function read(api: KinesisApi, shardId: string, start: IteratorStart, count: number, limit = 10_000) {
  const records: KinesisRecord[] = [];
  let iterator: string | undefined = await api.shardIterator(shardId, start);
  let children: readonly string[] = [];
  let pages = 0;
  while (iterator !== undefined && (records.length < count || count === Number.POSITIVE_INFINITY)) {
    if (pages++ > 200) throw new Error(`${records.length} of ${count} records after 200 pages`);
    const page = await api.getRecords(iterator, limit);
    expect(page.records.length).toBeLessThanOrEqual(limit);
    records.push(...page.records);
    if (page.nextIterator !== undefined) expect(page.childShards).toEqual([]);
    children = page.childShards;
    iterator = page.nextIterator;
  }
  return { records, children, ended: iterator === undefined };
}

const ALL = Number.POSITIVE_INFINITY;
const HORIZON = { type: 'TRIM_HORIZON' } as const;
const refused = { code: 'KINESIS_REQUEST_REFUSED', retryable: false };
const missing = { code: 'KINESIS_STREAM_MISSING' };

/** What every implementation of KinesisApi has to do (see src/stream/kinesis/kinesis-api.ts). */
export function kinesisApiContract(
  name: string,
  start: () => Promise<KinesisUnderTest>,
  gaps: KinesisGaps = {},
): void {
  describe(`${name} behind KinesisApi`, () => {
    let kinesis: KinesisUnderTest;
    beforeAll(async () => {
      kinesis = await start();
    });
    afterAll(() => kinesis?.stop());

    test('describes the stream', async () => {
      const { api } = await kinesis.openStream(3);
      expect(await api.describeStream()).toEqual({
        arn: expect.stringMatching(/^arn:aws:kinesis:[a-z0-9-]+:\d+:stream\/.+/),
        status: 'ACTIVE',
        mode: 'PROVISIONED',
        recordDistribution: 'BY_KEY',
        openShards: 3,
        retentionHours: 24,
        maxRecordBytes: MIB,
        createdAtMs: expect.any(Number),
      });
    });

    test('lists shards whose hash ranges cover all keys, each once', async () => {
      const { api } = await kinesis.openStream(3);
      const shards = await api.listShards();
      expect(shards).toHaveLength(3);
      expectToCover(shards);
      for (const shard of shards) {
        expect(shard.endingSequenceNumber).toBeUndefined();
        expect(shard.parentShardId).toBeUndefined();
        expect(shard.adjacentParentShardId).toBeUndefined();
      }
    });

    test('gives one result an entry, in their order, and the records back as they were', async () => {
      const { api } = await kinesis.openStream(2);
      const beforeMs = Date.now();
      const entries = Array.from({ length: 50 }, (_, i) => entry(`record ${i}`, `device-${i}`));
      const results = await api.putRecords(entries);
      const afterMs = Date.now();
      const stored = new Map<string, KinesisRecord>();
      for (const { shardId } of await api.listShards()) {
        const count = results.filter((result) => result.ok && result.shardId === shardId).length;
        const { records } = await read(api, shardId, HORIZON, count);
        for (const record of records) stored.set(`${shardId} ${record.sequenceNumber}`, record);
      }
      expect(stored.size).toBe(50);
      for (const [index, result] of results.entries()) {
        if (!result.ok) throw new Error(result.message);
        const record = stored.get(`${result.shardId} ${result.sequenceNumber}`)!;
        expect(text(record)).toBe(`record ${index}`);
        expect(record.partitionKey).toBe(`device-${index}`);
        // Stand-ins round to the ms, or the s, downwards.
        expect(record.arrivedAtMs).toBeGreaterThan(beforeMs - 1_001);
        expect(record.arrivedAtMs).toBeLessThanOrEqual(afterMs);
      }
    });

    test('keeps bytes, an empty record and long keys of other scripts', async () => {
      const { api } = await kinesis.openStream(1);
      const bytes = Uint8Array.from({ length: 256 }, (_, i) => i);
      const longKey = 'ж'.repeat(256);
      await api.putRecords([
        { data: bytes, partitionKey: longKey },
        { data: new Uint8Array(0), partitionKey: ' ' },
      ]);
      const { records } = await read(api, FIRST, HORIZON, 2);
      const byKey = new Map(records.map((record) => [record.partitionKey, [...record.data]]));
      expect(byKey).toEqual(
        new Map([
          [longKey, [...bytes]],
          [' ', []],
        ]),
      );
    });

    test('places by the MD5 of the partition key, or by the explicit hash key', async () => {
      const { api } = await kinesis.openStream(4);
      const shards = await api.listShards();
      const holder = (hash: bigint) =>
        shards.find((one) => BigInt(one.startingHashKey) <= hash && hash <= BigInt(one.endingHashKey))!
          .shardId;
      const md5 = (key: string) => BigInt(`0x${createHash('md5').update(key).digest('hex')}`);
      const keys = Array.from({ length: 20 }, (_, i) => `device-${i}`);
      const hashes = shards.flatMap((shard) => [BigInt(shard.startingHashKey), BigInt(shard.endingHashKey)]);
      const results = await api.putRecords([
        ...keys.map((key) => entry('x', key)),
        ...hashes.map((hash) => ({ ...entry('x', 'device-0'), explicitHashKey: String(hash) })),
      ]);
      expect(results.map((result) => result.ok && result.shardId)).toEqual([
        ...keys.map((key) => holder(md5(key))),
        ...hashes.map(holder),
      ]);
    });

    test('gives rising sequence numbers within a shard', async () => {
      const { api } = await kinesis.openStream(1);
      const given: bigint[] = [];
      for (let call = 0; call < 5; call += 1) {
        const results = await api.putRecords([entry(`${call}`)]);
        given.push(...results.map((result) => BigInt(result.ok ? result.sequenceNumber : -1)));
      }
      expect(given).toEqual([...given].sort((a, b) => (a < b ? -1 : 1)));
      expect(new Set(given).size).toBe(5);
      const { records } = await read(api, FIRST, HORIZON, 5);
      expect(records.map((record) => BigInt(record.sequenceNumber))).toEqual(given);
    });

    test('reads page by page, each record once', async () => {
      const { api } = await kinesis.openStream(1);
      for (let i = 0; i < 10; i += 1) await api.putRecords([entry(`${i}`)]);
      const { records } = await read(api, FIRST, HORIZON, 10, 3);
      expect(records.map(text)).toEqual(Array.from({ length: 10 }, (_, i) => `${i}`));
    });

    test('starts at or after a sequence number, and at a time', async () => {
      const { api } = await kinesis.openStream(1);
      for (let i = 0; i < 3; i += 1) {
        await api.putRecords([entry(`${i}`)]);
        // The time of a record has to differ from that of the next: a stand-in keeps no better than ms.
        await sleep(3);
      }
      const { records } = await read(api, FIRST, HORIZON, 3);
      const { sequenceNumber, arrivedAtMs } = records[1]!;
      const from = async (begin: IteratorStart, count: number) =>
        (await read(api, FIRST, begin, count)).records.map(text);
      expect(await from({ type: 'AT_SEQUENCE_NUMBER', sequenceNumber }, 2)).toEqual(['1', '2']);
      expect(await from({ type: 'AFTER_SEQUENCE_NUMBER', sequenceNumber }, 1)).toEqual(['2']);
      expect(await from({ type: 'AT_TIMESTAMP', timestampMs: arrivedAtMs }, 2)).toEqual(['1', '2']);
      const future = { type: 'AT_TIMESTAMP', timestampMs: Date.now() + 3_600_000 } as const;
      await expect(api.shardIterator(FIRST, future)).rejects.toMatchObject(refused);
    });

    test('reads the same with the same iterator twice', async () => {
      const { api } = await kinesis.openStream(1);
      await api.putRecords([entry('a'), entry('b')]);
      const iterator = await api.shardIterator(FIRST, HORIZON);
      const first = await api.getRecords(iterator, 10);
      const second = await api.getRecords(iterator, 10);
      expect(first.records).toHaveLength(2);
      expect(second.records).toEqual(first.records);
    });

    test('answers an empty shard with an empty page and an iterator to continue with', async () => {
      const { api } = await kinesis.openStream(1);
      const page = await api.getRecords(await api.shardIterator(FIRST, HORIZON), 10);
      expect(page).toMatchObject({ records: [], millisBehindLatest: 0, childShards: [] });
      await api.putRecords([entry('later')]);
      const next = await api.getRecords(page.nextIterator!, 10);
      expect(next.records.map(text)).toEqual(['later']);
    });

    test('splits: the parent ends after its last record, and its children continue', async () => {
      const stream = await kinesis.openStream(1);
      const { api } = stream;
      await api.putRecords([entry('before'), entry('before too')]);
      await stream.split(FIRST, 2n ** 127n);
      const shards = await api.listShards();
      const children = openOf(shards);
      expect(children.map((child) => child.parentShardId)).toEqual([FIRST, FIRST]);
      for (const child of children) expect(child.adjacentParentShardId).toBeUndefined();
      expectToCover(children);
      expect(BigInt(children[1]!.startingHashKey)).toBe(2n ** 127n);

      const { records, children: named, ended } = await read(api, FIRST, HORIZON, ALL, 1);
      expect(records.map(text).sort()).toEqual(['before', 'before too']);
      expect(ended).toBe(true);
      const ids = children.map((child) => child.shardId);
      expect([...named].sort()).toEqual(gaps.noChildShards ? [] : ids);

      const parent = shards.find((shard) => shard.shardId === FIRST)!;
      const last = BigInt(records.at(-1)!.sequenceNumber);
      if (gaps.endingSequenceNumberIsJunk) expect(BigInt(parent.endingSequenceNumber!)).toBeLessThan(last);
      else expect(BigInt(parent.endingSequenceNumber!)).toBeGreaterThanOrEqual(last);

      const results = await api.putRecords([entry('after')]);
      expect(results.map((result) => result.ok && ids.includes(result.shardId))).toEqual([true]);
    });

    test('merges: the child has both parents', async () => {
      const stream = await kinesis.openStream(2);
      const { api } = stream;
      const [a, b] = (await api.listShards()).map((shard) => shard.shardId) as [string, string];
      await stream.merge(a, b);
      const shards = await api.listShards();
      const [child, ...others] = openOf(shards);
      expect(others).toEqual([]);
      expect([child!.parentShardId, child!.adjacentParentShardId]).toEqual([a, b]);
      expectToCover([child!]);
      const starts = shards.slice(0, 2).map((shard) => BigInt(shard.startingSequenceNumber));
      const latest = starts[0]! > starts[1]! ? starts[0]! : starts[1]!;
      if (gaps.mergeRepeatsStartingSequenceNumber)
        expect(starts).toContain(BigInt(child!.startingSequenceNumber));
      else expect(BigInt(child!.startingSequenceNumber)).toBeGreaterThan(latest);
      for (const shardId of [a, b]) {
        const { children, ended } = await read(api, shardId, HORIZON, ALL);
        expect(ended).toBe(true);
        expect(children).toEqual(gaps.noChildShards ? [] : [child!.shardId]);
      }
    });

    test.each<[string, () => readonly PutEntry[]]>([
      ['no entries', () => []],
      ['501 entries', () => Array.from({ length: 501 }, () => entry('x'))],
      ['more than 5 MiB', () => Array.from({ length: 6 }, () => entry('x'.repeat(MIB - 100)))],
      ['a record over 1 MiB', () => [entry('fits'), entry('x'.repeat(MIB + 1))]],
      ['no partition key', () => [entry('x', '')]],
      ['a partition key of 257 characters', () => [entry('x', 'k'.repeat(257))]],
      ['a hash key of 2^128', () => [{ ...entry('x'), explicitHashKey: String(2n ** 128n) }]],
    ])('refuses %s', async (_, entries) => {
      const { api } = await kinesis.openStream(1);
      await expect(api.putRecords(entries())).rejects.toMatchObject(refused);
    });

    test('takes 500 entries, and a record of 1 MiB', async () => {
      const { api } = await kinesis.openStream(1);
      const results = await api.putRecords(Array.from({ length: 500 }, (_, i) => entry(`${i}`)));
      expect(results.filter((result) => result.ok)).toHaveLength(500);
      const [large] = await api.putRecords([entry('x'.repeat(MIB - 1))]);
      expect(large).toMatchObject({ ok: true });
      const { records } = await read(api, FIRST, HORIZON, 501);
      expect(records.at(-1)!.data.length).toBe(MIB - 1);
    });

    test('refuses an iterator that is none, and a sequence number of another stream', async () => {
      const { api } = await kinesis.openStream(1);
      await expect(api.getRecords('no iterator', 10)).rejects.toMatchObject(
        gaps.junkIteratorIsAFault ? { code: 'KINESIS_UNREACHABLE' } : refused,
      );
      const foreign = { type: 'AT_SEQUENCE_NUMBER', sequenceNumber: '12' } as const;
      if (gaps.emptyShardTakesAnySequenceNumber) {
        await expect(api.shardIterator(FIRST, foreign)).resolves.toEqual(expect.any(String));
      } else {
        await expect(api.shardIterator(FIRST, foreign)).rejects.toMatchObject(refused);
      }
      await api.putRecords([entry('x')]);
      await expect(api.shardIterator(FIRST, foreign)).rejects.toMatchObject(refused);
    });

    test('reports a missing shard and a missing stream', async () => {
      const { api } = await kinesis.openStream(1);
      await expect(api.shardIterator('shardId-000000000099', HORIZON)).rejects.toMatchObject(missing);
      if (kinesis.missing === undefined) return;
      await expect(kinesis.missing.describeStream()).rejects.toMatchObject(missing);
      await expect(kinesis.missing.listShards()).rejects.toMatchObject(missing);
      await expect(kinesis.missing.putRecords([entry('x')])).rejects.toMatchObject(missing);
      await expect(kinesis.missing.shardIterator(FIRST, HORIZON)).rejects.toMatchObject(missing);
    });

    test('rejects every call after close', async () => {
      const { api } = await kinesis.openStream(1);
      api.close();
      await expect(api.putRecords([entry('x')])).rejects.toMatchObject({ code: 'KINESIS_UNREACHABLE' });
      await expect(api.listShards()).rejects.toMatchObject({ code: 'KINESIS_UNREACHABLE' });
    });
  });
}

function expectToCover(shards: readonly ShardDescription[]): void {
  const ranges = shards
    .map((shard) => [BigInt(shard.startingHashKey), BigInt(shard.endingHashKey)] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  expect(ranges[0]![0]).toBe(0n);
  expect(ranges.at(-1)![1]).toBe(2n ** 128n - 1n);
  for (const [index, [start]] of ranges.entries()) {
    if (index > 0) expect(start).toBe(ranges[index - 1]![1] + 1n);
  }
}
