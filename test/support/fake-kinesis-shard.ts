import type { KinesisRecord, ShardDescription } from '../../src/stream/kinesis/kinesis-api.js';

export interface HashRange {
  /** Inclusive. */
  readonly start: bigint;
  readonly end: bigint;
}

export interface StoredRecord {
  readonly sequence: bigint;
  readonly partitionKey: string;
  readonly data: Uint8Array;
  readonly arrivedAtMs: number;
}

/** What a shard takes in one second. */
const SHARD_RECORDS_PER_SECOND = 1_000;
const SHARD_BYTES_PER_SECOND = 1_000_000;

/** One shard of the fake stream. All records are kept; `trimmedBefore` decides which of them are still readable. */
export class FakeShard {
  readonly shardId: string;
  readonly range: HashRange;
  readonly parents: readonly string[];
  readonly starting: bigint;
  readonly records: StoredRecord[] = [];
  readonly children: string[] = [];
  /** Set when the shard is closed; above the sequence number of its last record. */
  ending: bigint | undefined;
  trimmedBefore = 0n;
  #second = 0;
  #recordsInSecond = 0;
  #bytesInSecond = 0;

  constructor(shardId: string, range: HashRange, parents: readonly string[], starting: bigint) {
    this.shardId = shardId;
    this.range = range;
    this.parents = parents;
    this.starting = starting;
  }

  get open(): boolean {
    return this.ending === undefined;
  }

  holds(hash: bigint): boolean {
    return hash >= this.range.start && hash <= this.range.end;
  }

  /** False when the second's share is used up; the record then does not count. */
  admits(bytes: number, nowMs: number): boolean {
    const second = Math.floor(nowMs / 1_000);
    if (second !== this.#second) {
      this.#second = second;
      this.#recordsInSecond = 0;
      this.#bytesInSecond = 0;
    }
    if (this.#recordsInSecond + 1 > SHARD_RECORDS_PER_SECOND) return false;
    if (this.#bytesInSecond + bytes > SHARD_BYTES_PER_SECOND) return false;
    this.#recordsInSecond += 1;
    this.#bytesInSecond += bytes;
    return true;
  }

  /** Index of the first readable record at or after `sequence`; the number of records if there is none. */
  indexAt(sequence: bigint): number {
    const from = sequence > this.trimmedBefore ? sequence : this.trimmedBefore;
    let low = 0;
    let high = this.records.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.records[middle]!.sequence < from) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  description(): ShardDescription {
    const [parentShardId, adjacentParentShardId] = this.parents;
    return {
      shardId: this.shardId,
      parentShardId,
      adjacentParentShardId,
      startingHashKey: String(this.range.start),
      endingHashKey: String(this.range.end),
      startingSequenceNumber: String(this.starting),
      ...(this.ending === undefined ? {} : { endingSequenceNumber: String(this.ending) }),
    };
  }
}

/** Bytes before the data in its ArrayBuffer, as the SDK's small records have: who reads `.buffer` reads the wrong bytes. */
const OFFSET_BYTES = 3;

/** A copy of its own for each read, as a plain Uint8Array: the SDK gives no Buffer either. */
export function readableRecord(stored: StoredRecord): KinesisRecord {
  const room = new Uint8Array(OFFSET_BYTES + stored.data.length).fill(0xee, 0, OFFSET_BYTES);
  room.set(stored.data, OFFSET_BYTES);
  return {
    sequenceNumber: String(stored.sequence),
    partitionKey: stored.partitionKey,
    data: room.subarray(OFFSET_BYTES),
    arrivedAtMs: stored.arrivedAtMs,
  };
}
