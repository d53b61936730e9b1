import { AGGREGATE_MAGIC, aggregateDigest, DIGEST_BYTES, TAG } from './aggregate-format.js';
import { fieldBytes, varintBytes, writeVarint } from './varint.js';

export { partitionKeyOf } from './partition-key.js';

/** The only explicit hash key of an aggregate is entry 0 of its table. */
const EXPLICIT_HASH_KEY_INDEX_BYTES = 2;

/**
 * One aggregate in the making. KCL silently drops an aggregate of which one inner record would belong to another
 * shard, so all inner records name the explicit hash key that the Kinesis record itself is put with: wherever the
 * one goes, the others belong.
 */
export class AggregateBuilder {
  readonly #explicitHashKey: string;
  readonly #limitBytes: number;
  /** Partition key → index in the table. A Map: as keys of an object, `20` and `3` would come out in another order. */
  readonly #keys = new Map<string, number>();
  readonly #keyBytes: number[] = [];
  readonly #keyIndexes: number[] = [];
  readonly #payloads: Uint8Array[] = [];
  #protobufBytes: number;

  /** `explicitHashKey`: decimal, below 2^128. `limitBytes` bounds `sizeBytes` from the second record on. */
  constructor(explicitHashKey: string, limitBytes: number) {
    this.#explicitHashKey = explicitHashKey;
    this.#limitBytes = limitBytes;
    this.#protobufBytes = fieldBytes(explicitHashKey.length);
  }

  /**
   * False: it does not fit, and nothing has changed. An empty builder takes any record.
   * The payload is kept, not copied: it must not change before `build`.
   */
  add(partitionKey: string, payload: Uint8Array): boolean {
    const known = this.#keys.get(partitionKey);
    const index = known ?? this.#keys.size;
    const keyBytes = known === undefined ? Buffer.byteLength(partitionKey) : 0;
    const grownBytes =
      fieldBytes(innerBytes(index, payload.length)) + (known === undefined ? fieldBytes(keyBytes) : 0);
    if (this.records > 0 && this.sizeBytes + grownBytes > this.#limitBytes) return false;
    if (known === undefined) {
      this.#keys.set(partitionKey, index);
      this.#keyBytes.push(keyBytes);
    }
    this.#keyIndexes.push(index);
    this.#payloads.push(payload);
    this.#protobufBytes += grownBytes;
    return true;
  }

  get records(): number {
    return this.#payloads.length;
  }

  /** Exactly what Kinesis counts and bills: the bytes that `build` returns and those of `partitionKey`. */
  get sizeBytes(): number {
    return this.#dataBytes + (this.#keyBytes[0] ?? 0);
  }

  /**
   * The partition key of the Kinesis record: that of the first inner record, and empty without one. It places
   * nothing, the explicit hash key does. A constant would save a few bytes, but whoever copies the stream
   * by partition key and leaves the explicit hash key behind would get one hot shard.
   */
  get partitionKey(): string {
    for (const first of this.#keys.keys()) return first;
    return '';
  }

  /** The data of the Kinesis record. May be called again, also after more records. */
  build(): Buffer {
    const built = Buffer.allocUnsafe(this.#dataBytes);
    built.set(AGGREGATE_MAGIC);
    let at = AGGREGATE_MAGIC.length;
    for (const [key, index] of this.#keys) {
      at = writeLength(built, at, TAG.partitionKey, this.#keyBytes[index]!);
      at += built.write(key, at);
    }
    at = writeLength(built, at, TAG.explicitHashKey, this.#explicitHashKey.length);
    at += built.write(this.#explicitHashKey, at, 'latin1');
    for (let n = 0; n < this.#payloads.length; n += 1) {
      at = writeRecord(built, at, this.#keyIndexes[n]!, this.#payloads[n]!);
    }
    built.set(aggregateDigest(built.subarray(AGGREGATE_MAGIC.length, at)), at);
    return built;
  }

  get #dataBytes(): number {
    return AGGREGATE_MAGIC.length + this.#protobufBytes + DIGEST_BYTES;
  }
}

function innerBytes(keyIndex: number, payloadBytes: number): number {
  return 1 + varintBytes(keyIndex) + EXPLICIT_HASH_KEY_INDEX_BYTES + fieldBytes(payloadBytes);
}

function writeRecord(target: Buffer, offset: number, keyIndex: number, payload: Uint8Array): number {
  let at = writeLength(target, offset, TAG.record, innerBytes(keyIndex, payload.length));
  target[at] = TAG.partitionKeyIndex;
  at = writeVarint(target, at + 1, keyIndex);
  target[at] = TAG.explicitHashKeyIndex;
  target[at + 1] = 0;
  at = writeLength(target, at + EXPLICIT_HASH_KEY_INDEX_BYTES, TAG.payload, payload.length);
  target.set(payload, at);
  return at + payload.length;
}

function writeLength(target: Buffer, offset: number, tag: number, length: number): number {
  target[offset] = tag;
  return writeVarint(target, offset + 1, length);
}
