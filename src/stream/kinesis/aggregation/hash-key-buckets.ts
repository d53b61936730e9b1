import { hash32 } from './hash32.js';

const MAX_BUCKETS = 65_536;
const HASH_KEY_BITS = 128n;

/**
 * Divides Kinesis' hash space of 2^128 into equal buckets. Everything in one bucket goes out under one explicit
 * hash key, so that a split or merge moves it as a whole and an aggregate can never straddle two shards.
 *
 * The bucket comes from the upper bits of the hash: with twice as many buckets each falls into the two halves of
 * what it was, and most devices stay in their shard.
 */
export class HashKeyBuckets {
  readonly #buckets: number;

  /** A power of two, 1 to 65,536; throws a RangeError otherwise. */
  constructor(buckets: number) {
    if (
      !Number.isInteger(buckets) ||
      buckets < 1 ||
      buckets > MAX_BUCKETS ||
      (buckets & (buckets - 1)) !== 0
    ) {
      throw new RangeError(`buckets must be a power of two from 1 to ${MAX_BUCKETS}, got ${buckets}`);
    }
    this.#buckets = buckets;
  }

  /** 0 to buckets - 1; the same for ever. */
  bucketOf(partitionKey: string): number {
    return Math.floor((hash32(partitionKey) * this.#buckets) / 2 ** 32);
  }

  /** The middle of the bucket, decimal. Throws a RangeError for a bucket that does not exist. */
  explicitHashKey(bucket: number): string {
    if (!Number.isInteger(bucket) || bucket < 0 || bucket >= this.#buckets) {
      throw new RangeError(`bucket must be 0 to ${this.#buckets - 1}, got ${bucket}`);
    }
    return (((2n * BigInt(bucket) + 1n) << (HASH_KEY_BITS - 1n)) / BigInt(this.#buckets)).toString();
  }
}
