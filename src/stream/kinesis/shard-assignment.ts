import type { Position } from '../stream.js';
import type { ShardPosition, ShardProgress } from './shard-position.js';

/** ShardAssignment is a shard that this process reads, until the shard ends or is taken away from the process. */
export interface ShardAssignment {
  /** Unique within the process; the `partition` of the batches' parts. A shard that is assigned again has a new one. */
  readonly partition: string;
  readonly shardId: string;
  readonly from: Exclude<ShardPosition, { kind: 'SHARD_END' }>;
  /** User records read before `from`, whichever process has read them. */
  readonly records: number;
}

/** ShardAssignmentListener is the reader as its assigner sees it. */
export interface ShardAssignmentListener {
  begin(assignment: ShardAssignment): void;
  /** The reader delivers nothing more of it. What was delivered may still be processed and saved. */
  end(partition: string): void;
  /** The saved positions are of an earlier stream of that name; reading begins at the oldest records of this one. */
  streamMadeAgain(): void;
}

/**
 * ShardAssigner decides which shards this process reads, and in which order: parents before children. It assigns all
 * shards when the process is alone (`SingleWorkerAssigner`), or those it holds a lease for (`LeaseCoordinator`).
 */
export interface ShardAssigner {
  /** Begins the present assignments; others begin and end until `close`. Rejects with what makes the stream unusable. */
  open(listener: ShardAssignmentListener): Promise<void>;
  /**
   * The reader has delivered the shard up to `progress`. When `at` is SHARD_END the assignment is over; `childShards`
   * may then be named or missing.
   */
  delivered(partition: string, progress: ShardProgress, childShards?: readonly string[]): void;
  /** Returns everything that has been delivered so far as one position, which the consumer saves. */
  position(): Position;
  /** The reader has found that the stream was made again while it ran: later positions are of another stream. */
  streamMadeAgain?(): void;
  close(): Promise<void>;
}
