import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AggregateBuilder } from '../../../../src/stream/kinesis/aggregation/aggregate-builder.js';
import { HashKeyBuckets } from '../../../../src/stream/kinesis/aggregation/hash-key-buckets.js';
import { awsAggregate, awsDeAggregate } from './aws-aggregation.js';
import { opened } from './hand-made.js';

const SEED = 20_261_102;
const EXPLICIT_HASH_KEY = '2658455991569831745807614120560689152';

/** Made once by aws-kinesis-agg 4.2.8 of the three records below. */
const GOLDEN =
  'f3899ac20a0b6465766963652d303030310a1161343a63663a31323a39623a30303a336512253236353834353539393135363938333137' +
  '34353830373631343132303536303638393135321a1a080010001a147b2274656d7065726174757265223a32312e357d1a1808011000' +
  '1a127b2274656d7065726174757265223a2d337d1a1a080010001a147b2274656d7065726174757265223a32312e367dba9a96d93b91' +
  '562fe06d52ea270eb4bf';
const GOLDEN_RECORDS = [
  ['device-0001', '{"temperature":21.5}'],
  ['a4:cf:12:9b:00:3e', '{"temperature":-3}'],
  ['device-0001', '{"temperature":21.6}'],
] as const;

type Pair = readonly [partitionKey: string, data: Buffer];

function built(records: readonly Pair[], explicitHashKey = EXPLICIT_HASH_KEY): AggregateBuilder {
  const builder = new AggregateBuilder(explicitHashKey, Number.MAX_SAFE_INTEGER);
  for (const [partitionKey, data] of records) expect(builder.add(partitionKey, data)).toBe(true);
  return builder;
}

const anyPairs = fc.array(
  fc.tuple(
    fc.oneof(fc.nat(30).map(String), fc.string({ unit: 'binary', minLength: 1, maxLength: 40 })),
    fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
  ),
  { maxLength: 200 },
);
const anyHashKey = fc.bigInt(0n, 2n ** 128n - 1n).map(String);

describe('AggregateBuilder', () => {
  it('writes the bytes that aws-kinesis-agg wrote', () => {
    const builder = built(GOLDEN_RECORDS.map(([key, data]) => [key, Buffer.from(data)]));
    expect(builder.build().toString('hex')).toBe(GOLDEN);
    expect(builder.partitionKey).toBe('device-0001');
    expect(builder.records).toBe(3);
  });

  it(`gives back every record in order, integer-like keys and empty payloads included (seed ${SEED})`, () => {
    fc.assert(
      fc.property(anyPairs, anyHashKey, (records, explicitHashKey) => {
        const bytes = built(records, explicitHashKey).build();
        expect(opened(bytes)).toEqual(
          records.map(([partitionKey, data], subSequenceNumber) => ({
            partitionKey,
            explicitHashKey,
            data,
            subSequenceNumber,
          })),
        );
      }),
      { seed: SEED, numRuns: 300 },
    );
  });

  it(`knows its size to the byte after each record (seed ${SEED})`, () => {
    fc.assert(
      fc.property(anyPairs, anyHashKey, (records, explicitHashKey) => {
        const builder = new AggregateBuilder(explicitHashKey, Number.MAX_SAFE_INTEGER);
        expect(builder.sizeBytes).toBe(builder.build().length);
        for (const [partitionKey, data] of records.slice(0, 25)) {
          builder.add(partitionKey, data);
          expect(builder.sizeBytes).toBe(builder.build().length + Buffer.byteLength(builder.partitionKey));
        }
      }),
      { seed: SEED, numRuns: 200 },
    );
  });

  it('knows its size where lengths and indexes grow by a byte', () => {
    for (const length of [
      0, 119, 120, 121, 122, 123, 127, 128, 16_375, 16_376, 16_383, 16_384, 2_097_151, 2_097_152,
    ]) {
      const builder = built([['k'.repeat(128), Buffer.alloc(length)]]);
      expect([length, builder.sizeBytes]).toEqual([length, builder.build().length + 128]);
    }
    const many = built(Array.from({ length: 20_000 }, (_, n) => [`device-${n}`, Buffer.from('x')] as const));
    expect(many.sizeBytes).toBe(many.build().length + 'device-0'.length);
    expect((opened(many.build()) as { partitionKey: string }[])[16_384]?.partitionKey).toBe('device-16384');
  });

  it(`takes a record while it fits, to the byte, and is unchanged by one that does not (seed ${SEED})`, () => {
    fc.assert(
      fc.property(anyPairs, fc.integer({ min: 0, max: 3_000 }), (records, limitBytes) => {
        const builder = new AggregateBuilder(EXPLICIT_HASH_KEY, limitBytes);
        const taken: Pair[] = [];
        for (const record of records) {
          const fits = taken.length === 0 || built([...taken, record]).sizeBytes <= limitBytes;
          const before = builder.sizeBytes;
          expect(builder.add(...record)).toBe(fits);
          if (fits) taken.push(record);
          else expect(builder.sizeBytes).toBe(before);
        }
        expect(builder.build()).toEqual(built(taken).build());
      }),
      { seed: SEED, numRuns: 60 },
    );
  });

  it('fills up to the limit and not a byte more', () => {
    const records: Pair[] = [
      ['a', Buffer.from('one')],
      ['ü', Buffer.from('two')],
    ];
    const { sizeBytes } = built(records);
    for (const [limitBytes, fits] of [
      [sizeBytes, true],
      [sizeBytes - 1, false],
    ] as const) {
      const builder = new AggregateBuilder(EXPLICIT_HASH_KEY, limitBytes);
      builder.add(...records[0]!);
      expect(builder.add(...records[1]!)).toBe(fits);
    }
  });

  it('takes any first record, however small the limit', () => {
    const builder = new AggregateBuilder(EXPLICIT_HASH_KEY, 10);
    expect(builder.add('device', Buffer.alloc(1 << 20))).toBe(true);
    expect(builder.add('device', Buffer.alloc(0))).toBe(false);
    expect(builder.records).toBe(1);
  });

  it(`is read by aws-kinesis-agg (seed ${SEED})`, () => {
    fc.assert(
      fc.property(anyPairs, (records) => {
        const found = awsDeAggregate(built(records).build());
        expect(found).toEqual(
          records.map(([partitionKey, data]) => ({ partitionKey, explicitHashKey: EXPLICIT_HASH_KEY, data })),
        );
      }),
      { seed: SEED, numRuns: 150 },
    );
  });

  it(`reads what aws-kinesis-agg writes, with explicit hash keys and without (seed ${SEED})`, () => {
    const record = fc.record({
      // Its tables are objects: an integer-like key comes out before all others, see below.
      partitionKey: fc.string({ unit: 'binary', maxLength: 20 }).map((text) => `k${text}`),
      data: fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
    });
    fc.assert(
      fc.property(fc.array(record, { minLength: 1, maxLength: 60 }), fc.boolean(), (records, isPlaced) => {
        // The same for all, for the same reason: decimal keys above 2^32 keep their order, but smaller would not.
        const placed = records.map((one) =>
          isPlaced ? { ...one, explicitHashKey: EXPLICIT_HASH_KEY } : one,
        );
        expect(opened(awsAggregate(placed).data)).toEqual(
          placed.map((one, subSequenceNumber) => ({ ...one, subSequenceNumber })),
        );
      }),
      { seed: SEED, numRuns: 150 },
    );
  });

  it('keeps numeric device ids with their records, which aws-kinesis-agg 4.2.8 mixes up', () => {
    const keys = ['z', '20', '3', '100'];
    const records = keys.map((partitionKey) => ({ partitionKey, data: Buffer.from(`of ${partitionKey}`) }));
    const theirs = opened(awsAggregate(records).data) as { partitionKey: string; data: Buffer }[];
    expect(theirs.map(({ partitionKey, data }) => `${partitionKey} ${data}`)).toEqual([
      '3 of z',
      '20 of 20',
      '100 of 3',
      'z of 100',
    ]);
    const ours = built(records.map(({ partitionKey, data }) => [partitionKey, data])).build();
    expect(awsDeAggregate(ours).map(({ partitionKey, data }) => `${partitionKey} ${data}`)).toEqual(
      keys.map((key) => `${key} of ${key}`),
    );
  });

  it(`keeps all inner records in the shard of the Kinesis record, however the stream is split (seed ${SEED})`, () => {
    const space = 2n ** 128n;
    // The bounds of the shards after any splits and merges.
    const shards = fc.uniqueArray(fc.bigInt(1n, space - 1n), { maxLength: 40 }).map((inside) => {
      const starts = [0n, ...inside.sort((a, b) => (a < b ? -1 : 1))];
      return starts.map((start, n) => ({ start, end: (starts[n + 1] ?? space) - 1n }));
    });
    const bucketCounts = fc.integer({ min: 0, max: 16 }).map((power) => 2 ** power);
    fc.assert(
      fc.property(
        shards,
        bucketCounts,
        fc.array(fc.string({ minLength: 1 }), { minLength: 1 }),
        (all, count, keys) => {
          const buckets = new HashKeyBuckets(count);
          const builders = new Map<number, AggregateBuilder>();
          for (const key of keys) {
            const bucket = buckets.bucketOf(key);
            const builder =
              builders.get(bucket) ?? new AggregateBuilder(buckets.explicitHashKey(bucket), 1e6);
            builder.add(key, Buffer.from(key));
            builders.set(bucket, builder);
          }
          for (const [bucket, builder] of builders) {
            const outer = BigInt(buckets.explicitHashKey(bucket));
            const shard = all.find(({ start, end }) => outer >= start && outer <= end)!;
            for (const { explicitHashKey, partitionKey } of awsDeAggregate(builder.build())) {
              const effective = BigInt(explicitHashKey!);
              expect(effective >= shard.start && effective <= shard.end).toBe(true);
              expect(buckets.bucketOf(partitionKey)).toBe(bucket);
            }
          }
        },
      ),
      { seed: SEED, numRuns: 150 },
    );
  });
});
