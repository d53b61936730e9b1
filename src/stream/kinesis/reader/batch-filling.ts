import { maxPropertiesBytes } from '../../../lib/max-properties-bytes.js';
import type { BatchPart, ReadLimits, StreamRecord } from '../../stream.js';

/** What a record counts in addition to its payload and names. */
const RECORD_OVERHEAD_BYTES = 16;

const NOTHING_LOST = { damaged: 0, dropped: 0 };

/** OpenableFeed is what `openForBatch` needs of a `ShardFeed`. */
interface OpenableFeed {
  readonly readyRecords: number;
  readonly readyBytes: number;
  readonly isLast: boolean;
  readonly hasMoved: boolean;
  openNext(): boolean;
}

/**
 * Opens as many Kinesis records as a batch can take, one of each shard in turn. Returns `full` when waiting would not
 * add to the batch, and `nothing` when there is neither a record nor a position that has moved.
 */
export function openForBatch(
  feeds: readonly OpenableFeed[],
  { maxRecords, maxBytes }: ReadLimits,
): 'nothing' | 'something' | 'full' {
  let records = 0;
  let bytes = 0;
  for (const feed of feeds) {
    records += feed.readyRecords;
    bytes += feed.readyBytes;
  }
  const isFull = () => records >= maxRecords || bytes >= maxBytes;
  let openable = feeds;
  while (openable.length > 0 && !isFull()) {
    const more: OpenableFeed[] = [];
    for (const feed of openable) {
      const { readyRecords, readyBytes } = feed;
      if (!feed.openNext()) continue;
      more.push(feed);
      records += feed.readyRecords - readyRecords;
      bytes += feed.readyBytes - readyBytes;
      if (isFull()) break;
    }
    openable = more;
  }
  // The children of a shard that has ended wait for its last batch.
  if (isFull() || feeds.some((feed) => feed.isLast)) return 'full';
  return records > 0 || feeds.some((feed) => feed.hasMoved) ? 'something' : 'nothing';
}

/** BatchFilling is a batch that is being filled: one part for each shard, and limits for all of them together. */
export class BatchFilling {
  readonly #limits: Pick<ReadLimits, 'maxRecords' | 'maxBytes'>;
  readonly #parts = new Map<string, StreamRecord[]>();
  #records = 0;
  #bytes = 0;

  constructor(limits: Pick<ReadLimits, 'maxRecords' | 'maxBytes'>) {
    this.#limits = limits;
  }

  get isFull(): boolean {
    return this.#records >= this.#limits.maxRecords || this.#bytes >= this.#limits.maxBytes;
  }

  /** Returns the records of the partition's part. A caller that adds a record to it also has to call `count`. */
  partOf(partition: string): StreamRecord[] {
    let part = this.#parts.get(partition);
    if (part === undefined) {
      part = [];
      this.#parts.set(partition, part);
    }
    return part;
  }

  count({ payload, topic, clientId, user = '', properties }: StreamRecord): void {
    this.#records += 1;
    this.#bytes += payload.length + topic.length + clientId.length + user.length + RECORD_OVERHEAD_BYTES;
    if (properties !== undefined) this.#bytes += maxPropertiesBytes(properties);
  }

  parts(): BatchPart[] {
    return [...this.#parts].map(([partition, records]) => ({ partition, records, lost: NOTHING_LOST }));
  }
}
