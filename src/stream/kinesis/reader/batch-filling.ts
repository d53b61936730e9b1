import type { BatchPart, ReadLimits, StreamRecord } from '../../stream.js';
import type { ShardFeed } from './shard-feed.js';

/** What a record is held to weigh beside payload and names. */
const RECORD_OVERHEAD_BYTES = 16;

const NOTHING_LOST = { damaged: 0, dropped: 0 };

/** A batch in the making: one part a shard, and bounds for all of them. */
export class BatchFilling {
  readonly #limits: Pick<ReadLimits, 'maxRecords' | 'maxBytes'>;
  readonly #parts = new Map<ShardFeed, StreamRecord[]>();
  #records = 0;
  #bytes = 0;

  constructor(limits: Pick<ReadLimits, 'maxRecords' | 'maxBytes'>) {
    this.#limits = limits;
  }

  get isFull(): boolean {
    return this.#records >= this.#limits.maxRecords || this.#bytes >= this.#limits.maxBytes;
  }

  /** To push records to; each is to be counted as well. */
  partOf(feed: ShardFeed): StreamRecord[] {
    let part = this.#parts.get(feed);
    if (part === undefined) {
      part = [];
      this.#parts.set(feed, part);
    }
    return part;
  }

  count(record: StreamRecord): void {
    this.#records += 1;
    this.#bytes +=
      record.payload.length + record.topic.length + record.clientId.length + RECORD_OVERHEAD_BYTES;
  }

  parts(): BatchPart[] {
    return [...this.#parts].map(([feed, records]) => ({
      partition: feed.tenure.partition,
      records,
      lost: NOTHING_LOST,
    }));
  }
}
