const MAX_BUCKETS = 65_536;
const HASH_KEY_BITS = 128n;

/**
 * HashKeyBuckets divides Kinesis' hash space of 2^128 into equal buckets. Everything in one bucket is sent with one
 * explicit hash key, so that a split or merge moves it as a whole and an aggregate can never belong to two shards.
 *
 * The upper bits of the hash decide the bucket: with twice as many buckets each bucket divides into two halves, and most
 * devices stay in their shard.
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

  /** Returns 0 to buckets - 1, always the same for one key. */
  bucketOf(partitionKey: string): number {
    return Math.floor((hash32(partitionKey) * this.#buckets) / 2 ** 32);
  }

  /** Returns the middle of the bucket, decimal. Throws a RangeError for a bucket that does not exist. */
  explicitHashKey(bucket: number): string {
    if (!Number.isInteger(bucket) || bucket < 0 || bucket >= this.#buckets) {
      throw new RangeError(`bucket must be 0 to ${this.#buckets - 1}, got ${bucket}`);
    }
    return (((2n * BigInt(bucket) + 1n) << (HASH_KEY_BITS - 1n)) / BigInt(this.#buckets)).toString();
  }
}

const C1 = 0xcc9e2d51;
const C2 = 0x1b873593;

/** Large enough for every partition key that Kinesis allows: 256 characters of at most 4 bytes. */
const scratch = Buffer.alloc(1024);

/**
 * Returns MurmurHash3 (x86, 32 bit, seed 0) of the UTF-8 bytes as an unsigned 32-bit integer. It is a published function
 * with published test vectors, because its values may never change: they decide which shard a device is in.
 */
export function hash32(text: string): number {
  if (text.length * 3 > scratch.length) {
    const bytes = Buffer.from(text);
    return hashBytes(bytes, bytes.length);
  }
  return hashBytes(scratch, scratch.write(text));
}

function hashBytes(bytes: Buffer, length: number): number {
  let hash = 0;
  const rest = length & 3;
  const blocksEnd = length - rest;
  for (let at = 0; at < blocksEnd; at += 4) {
    const block = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
    hash ^= scrambled(block);
    hash = (hash << 13) | (hash >>> 19);
    hash = (Math.imul(hash, 5) + 0xe6546b64) | 0;
  }
  if (rest > 0) {
    let tail = bytes[blocksEnd]!;
    if (rest > 1) tail |= bytes[blocksEnd + 1]! << 8;
    if (rest > 2) tail |= bytes[blocksEnd + 2]! << 16;
    hash ^= scrambled(tail);
  }
  hash ^= length;
  hash ^= hash >>> 16;
  hash = Math.imul(hash, 0x85ebca6b);
  hash ^= hash >>> 13;
  hash = Math.imul(hash, 0xc2b2ae35);
  hash ^= hash >>> 16;
  return hash >>> 0;
}

function scrambled(block: number): number {
  const mixed = Math.imul(block, C1);
  return Math.imul((mixed << 15) | (mixed >>> 17), C2);
}
