import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { HashKeyBuckets, hash32 } from '../../../../src/stream/kinesis/aggregation/hash-key-buckets.js';

const TWO_POW_128 = 1n << 128n;

const times = <T>(count: number, make: (n: number) => T) => Array.from({ length: count }, (_, n) => make(n));
const hex = (n: number, digits: number) => n.toString(16).padStart(digits, '0');
const uuid = (n: number) =>
  createHash('md5')
    .update(`uuid ${n}`)
    .digest('hex')
    .replace(/(.{8})(.{4})(.{4})(.{4})(.{12})/, '$1-$2-$3-$4-$5');

const FLEETS: [string, string[]][] = [
  ['numbers', times(10_000, String)],
  ['device-0001', times(10_000, (n) => `device-${String(n).padStart(4, '0')}`)],
  ['MACs in a row', times(10_000, (n) => `a4:cf:12:9b:${hex(n >> 8, 2)}:${hex(n & 255, 2)}`)],
  ['MACs without colons', times(10_000, (n) => `A4CF129B${hex(n, 4).toUpperCase()}`)],
  ['uuids', times(10_000, uuid)],
  ['one letter more each', times(256, (n) => 'x'.repeat(n + 1))],
];

describe('hash32', () => {
  it('is MurmurHash3 of the UTF-8 bytes and never changes: another value moves devices to other shards', () => {
    const golden = {
      '': 0x00000000,
      test: 0xba6bd213,
      'Hello, world!': 0xc0363e43,
      'The quick brown fox jumps over the lazy dog': 0x2e4ff723,
      '0': 0xd271c07f,
      '7': 0x23ea8628,
      '42': 0xbc58a436,
      '9999': 0x5fea61b8,
      'device-0001': 0x01827268,
      CITI0007: 0xb97673b8,
      'a4:cf:12:9b:00:3e': 0x0dbdf80e,
      '550e8400-e29b-41d4-a716-446655440000': 0x38d60cdc,
      'gerät-ü/日本': 0x8f8451da,
      ['x'.repeat(400)]: 0x529901b3,
    };
    for (const [text, value] of Object.entries(golden)) expect([text, hash32(text)]).toEqual([text, value]);
  });
});

describe('HashKeyBuckets', () => {
  it('puts each device where it always was', () => {
    const buckets = new HashKeyBuckets(64);
    expect(['0', '7', '42', '9999', 'device-0001', 'CITI0007'].map((key) => buckets.bucketOf(key))).toEqual([
      52, 8, 47, 23, 0, 46,
    ]);
    expect(buckets.explicitHashKey(0)).toBe('2658455991569831745807614120560689152');
    expect(buckets.explicitHashKey(63)).toBe('337623910929368631717566993311207522304');
  });

  it.each(FLEETS)('spreads %s evenly (chi-square)', (_name, keys) => {
    for (const count of [4, 16, 64, 256]) {
      if (keys.length < count * 8) continue;
      const buckets = new HashKeyBuckets(count);
      const found = new Array<number>(count).fill(0);
      for (const key of keys) found[buckets.bucketOf(key)]! += 1;
      const expected = keys.length / count;
      const chiSquare = found.reduce((sum, one) => sum + (one - expected) ** 2 / expected, 0);
      // Mean and variance of chi-square are the degrees of freedom and twice that; six deviations of slack.
      const freedom = count - 1;
      expect(chiSquare).toBeLessThan(freedom + 6 * Math.sqrt(2 * freedom));
    }
  });

  it('has its explicit hash key in the middle of an equal part of the hash space, for any number of buckets', () => {
    for (let count = 1; count <= 65_536; count *= 2) {
      const buckets = new HashKeyBuckets(count);
      const width = TWO_POW_128 / BigInt(count);
      for (const bucket of new Set([0, count >> 1, count - 1])) {
        expect(BigInt(buckets.explicitHashKey(bucket))).toBe(width * BigInt(bucket) + width / 2n);
      }
    }
  });

  it('halves each bucket when there are twice as many', () => {
    const few = new HashKeyBuckets(64);
    const many = new HashKeyBuckets(128);
    for (const key of FLEETS.flatMap(([, keys]) => keys.slice(0, 500))) {
      expect(many.bucketOf(key) >> 1).toBe(few.bucketOf(key));
    }
  });

  it('gives no bucket out of range', () => {
    for (const count of [1, 2, 65_536]) {
      const buckets = new HashKeyBuckets(count);
      for (const key of FLEETS[0]![1]) {
        const bucket = buckets.bucketOf(key);
        expect(bucket >= 0 && bucket < count && Number.isInteger(bucket)).toBe(true);
      }
    }
  });

  it.each([0, -1, 3, 48, 1.5, 131_072, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 32])(
    'refuses %s buckets',
    (buckets) => {
      expect(() => new HashKeyBuckets(buckets)).toThrow(RangeError);
    },
  );

  it.each([-1, 64, 0.5, Number.NaN])('has no explicit hash key for bucket %s of 64', (bucket) => {
    expect(() => new HashKeyBuckets(64).explicitHashKey(bucket)).toThrow(RangeError);
  });
});
