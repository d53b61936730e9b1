import type { Position } from '../stream.js';
import type { ShardPosition, ShardProgress } from './shard-position.js';

/** A shard that this process reads, from when it is given to it until it ends or is taken away. */
export interface Tenure {
  /** Unique in the life of the process; the `partition` of the batches' parts. A shard that comes back has a new one. */
  readonly partition: string;
  readonly shardId: string;
  readonly from: Exclude<ShardPosition, { kind: 'SHARD_END' }>;
  /** User records taken before `from`, by whomever. */
  readonly records: number;
}

/** The reader, as those see it who decide which shards it reads. */
export interface TenureListener {
  begin(tenure: Tenure): void;
  /** Hand out nothing more of it. What has been handed out may still be settled and saved. */
  end(partition: string): void;
}

/**
 * Decides which shards this process reads, and in which order: parents before children. All of them, when it is
 * alone (`SoleOwner`), or those it holds a lease for (`LeaseCoordinator`).
 */
export interface ShardOwner {
  /** Begins the tenures there are; more begin and end until `close`. Rejects with what makes the stream unusable. */
  open(listener: TenureListener): Promise<void>;
  /**
   * The reader has handed out a stretch of the shard up to `progress`. `at` is SHARD_END with the last one, and
   * then the tenure is over; `childShards` may be named with it, and may be missing.
   */
  handedOut(partition: string, progress: ShardProgress, childShards?: readonly string[]): void;
  /** All that has been handed out so far, as one position: what the consumer saves. */
  position(): Position;
  close(): Promise<void>;
}
