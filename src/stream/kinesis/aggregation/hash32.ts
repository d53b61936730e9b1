const C1 = 0xcc9e2d51;
const C2 = 0x1b873593;

/** Holds every partition key that Kinesis allows: 256 characters of at most 4 bytes. */
const scratch = Buffer.alloc(1024);

/**
 * MurmurHash3 (x86, 32 bit, seed 0) of the UTF-8 bytes; an unsigned 32-bit integer. A published function with
 * published vectors, because its values may never change: they decide which shard a device is in.
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
