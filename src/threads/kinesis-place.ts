import type { CheckpointStore } from '../books/checkpoint-store.js';
import type { Ledger } from '../books/ledger.js';
import type { Clock } from '../clock.js';
import type { DeadLetterEnd } from '../dead-letter/dead-letter-writer.js';
import type { KinesisApi } from '../stream/kinesis/kinesis-api.js';
import type { ShardOwner } from '../stream/kinesis/shard-owner.js';
import type { ShardPosition } from '../stream/kinesis/shard-position.js';
import type { OutletStatus, Position } from '../stream/stream.js';
import type { Warn } from '../warnings.js';
import type { Book } from './book.js';
import type { LeaseReport } from './downstream-protocol.js';

/** Where a consumer of Kinesis remembers how far it is, and what decides which shards it reads. */
export interface KinesisPlace {
  readonly ledger: Ledger;
  readonly deadLetterFolder: string;
  readonly deadLetterEnd: DeadLetterEnd | undefined;
  readonly checkpoints: CheckpointStore;
  /** For another try to open the reader: an owner that could not be opened has been closed. */
  newOwner(): ShardOwner;
  /** The last of `newOwner`. */
  readonly owner: ShardOwner;
  book(settled: Position | undefined): Book;
  status(): OutletStatus;
  leases(): LeaseReport | undefined;
}

export interface PlaceParts {
  readonly api: KinesisApi;
  readonly clock: Clock;
  /** Where shards begin that the stream has at the first start. */
  readonly initial: Extract<ShardPosition, { kind: 'TRIM_HORIZON' | 'AT_TIMESTAMP' }>;
  readonly warn: Warn;
}
