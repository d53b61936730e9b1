import type { DeadLetterEnd } from '../dead-letter/dead-letter-writer.js';
import type { CheckpointStore } from '../ledger/checkpoint-store.js';
import type { Ledger, ReaderLedger } from '../ledger/ledger.js';
import type { StateEnd } from '../ledger/state-journal.js';
import type { Clock } from '../lib/clock.js';
import type { Warn } from '../lib/warnings.js';
import type { KinesisApi } from '../stream/kinesis/kinesis-api.js';
import type { ShardAssigner } from '../stream/kinesis/shard-assignment.js';
import type { ShardPosition } from '../stream/kinesis/shard-position.js';
import type { ComponentStatus, Position } from '../stream/stream.js';
import type { LeaseReport } from './consume-protocol.js';
import type { SharedWindowsSource } from './kinesis-shared-windows.js';

/** Where a consumer of Kinesis saves its positions, and what decides which shards it reads. */
export interface KinesisCheckpoints {
  readonly ledger: Ledger;
  readonly deadLetterFolder: string;
  readonly deadLetterEnd: DeadLetterEnd | undefined;
  readonly reasonsEnd: DeadLetterEnd | undefined;
  /** See ConsumerSource; absent with leases: the consumer that takes a shard over has nothing of the one before. */
  readonly stateFolder?: string;
  readonly stateEnd?: StateEnd | undefined;
  /** See ConsumerSource. */
  readonly startPosition?: Position;
  readonly checkpoints: CheckpointStore;
  /** See ConsumerSource. */
  readonly windows?: SharedWindowsSource;
  /** Called in each attempt to open, before the assigner is made. Rejects with what makes the stream unusable now. */
  prepare?(): Promise<void>;
  /**
   * Makes the assigner for another attempt to open the reader: one that could not be opened has been closed.
   * `streamCreatedAtMs` tells the stream from an earlier one of that name.
   */
  newAssigner(streamCreatedAtMs: number | undefined): ShardAssigner;
  /** The newest assigner. */
  readonly assigner: ShardAssigner;
  readerLedger(processedTo: Position | undefined): ReaderLedger;
  status(): ComponentStatus;
  leases(): LeaseReport | undefined;
}

export interface KinesisCheckpointsParts {
  readonly api: KinesisApi;
  readonly clock: Clock;
  /** Where reading begins in the shards that the stream has at the first start. */
  readonly initial: Extract<ShardPosition, { kind: 'TRIM_HORIZON' | 'AT_TIMESTAMP' }>;
  readonly warn: Warn;
}
