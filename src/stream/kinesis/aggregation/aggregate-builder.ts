import {
  AGGREGATE_MAGIC,
  aggregateDigest,
  DIGEST_BYTES,
  fieldBytes,
  TAG,
  varintBytes,
  writeVarint,
} from './aggregate-format.js';

/** Every inner record names entry 0, the only one in the table of explicit hash keys. */
const EXPLICIT_HASH_KEY_INDEX_BYTES = 2;

/**
 * AggregateBuilder builds one aggregate. KCL silently drops an aggregate in which one inner record belongs to another
 * shard, so all inner records name the explicit hash key that the Kinesis record itself is put with: they always belong
 * to the same shard.
 */
export class AggregateBuilder {
  readonly #explicitHashKey: string;
  readonly #limitBytes: number;
  /** Partition key → index in the table. An object instead of the Map would sort keys such as `20` and `3`. */
  readonly #keys = new Map<string, number>();
  readonly #keyBytes: number[] = [];
  readonly #keyIndexes: number[] = [];
  readonly #payloads: Uint8Array[] = [];
  #protobufBytes: number;

  /** `explicitHashKey` is decimal, below 2^128. `limitBytes` limits `sizeBytes` from the second record on. */
  constructor(explicitHashKey: string, limitBytes: number) {
    this.#explicitHashKey = explicitHashKey;
    this.#limitBytes = limitBytes;
    this.#protobufBytes = fieldBytes(explicitHashKey.length);
  }

  /**
   * Returns false when the record does not fit and nothing was changed. An empty builder takes any record.
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

  /** Returns exactly what Kinesis counts and bills: the bytes that `build` returns and those of `partitionKey`. */
  get sizeBytes(): number {
    return this.#dataBytes + (this.#keyBytes[0] ?? 0);
  }

  /**
   * Returns the partition key of the Kinesis record: that of the first inner record, and empty without one. Not it but
   * the explicit hash key decides the shard. A constant would save a few bytes, but a program that copies the stream by
   * partition key, without explicit hash keys, would then fill a single shard.
   */
  get partitionKey(): string {
    for (const first of this.#keys.keys()) return first;
    return '';
  }

  /** Returns the data of the Kinesis record. May be called again, also after more records were added. */
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
