import type { Clock } from '../../../lib/clock.js';
import type { ShardAssignment } from '../shard-assignment.js';
import type { ShardPosition, ShardProgress } from '../shard-position.js';
import { isSameProgress, type Lease } from './lease.js';

export type HeldWrite = 'done' | 'lost' | 'dropped';

export interface HeldLeaseParts {
  readonly partition: string;
  /** The lease as it was when it was taken. */
  readonly lease: Lease;
  /** When the request that took the lease was sent, on the monotonic clock. */
  readonly takenAtMs: number;
  readonly failoverMs: number;
  readonly clock: Clock;
}

/**
 * HeldLease is a lease of this worker, and the shard assignment that goes with it. Writes of its row follow one
 * another, because each moves the counter that the next one has to name.
 */
export class HeldLease {
  readonly partition: string;
  /** The ledger of all readers before this assignment. */
  readonly ledgerBefore: string;
  readonly #from: ShardPosition;
  readonly #recordsBefore: number;
  readonly #takenAtMs: number;
  readonly #failoverMs: number;
  readonly #clock: Clock;
  #lease: Lease;
  #renewedAtMs: number;
  #writes: Promise<unknown> = Promise.resolve();
  #pendingWrites = 0;
  delivered: ShardProgress | undefined;
  children: readonly string[] = [];
  /** When the reader stopped so that another worker can continue; absent while it reads. */
  leavingSinceMs: number | undefined;
  isReleasing = false;
  /** The greatest watermark that a write has been sent with, or that the row had before: the row may have it. */
  sentWatermarkMs: number | undefined;
  /** A write was sent after which the shard may be another worker's, or has ended; it may even be done later. */
  isGivenUp = false;
  /** True once the lease is no longer this worker's: what is still being processed of it is not saved. */
  isDropped = false;

  constructor({ partition, lease, takenAtMs, failoverMs, clock }: HeldLeaseParts) {
    this.partition = partition;
    this.ledgerBefore = lease.ledger;
    this.#from = lease.checkpoint;
    this.#recordsBefore = lease.records;
    this.#failoverMs = failoverMs;
    this.#clock = clock;
    this.#lease = lease;
    this.#takenAtMs = takenAtMs;
    this.#renewedAtMs = takenAtMs;
    this.sentWatermarkMs = lease.watermarkMs;
  }

  get shardId(): string {
    return this.#lease.shardId;
  }

  /** Returns the lease as it was last written. */
  get lease(): Lease {
    return this.#lease;
  }

  get saved(): ShardProgress {
    return { at: this.#lease.checkpoint, records: this.#lease.records };
  }

  /** Everything that was delivered is saved. */
  get isSaved(): boolean {
    return this.delivered === undefined || isSameProgress(this.delivered, this.saved);
  }

  /** The reader has delivered the end of the shard. */
  get isReadToEnd(): boolean {
    return this.delivered?.at.kind === 'SHARD_END';
  }

  /** From then on another worker may take the lease, so this one has to have stopped. Counted from before the last write was sent. */
  get expiresAtMs(): number {
    return this.#renewedAtMs + this.#failoverMs;
  }

  /**
   * Until then no watermark is saved: a reader before this one that was killed may still have a write on its way to the store,
   * and another process may not take for complete what that write belongs to.
   */
  get savesWatermarkFromMs(): number {
    return this.#takenAtMs + this.#failoverMs;
  }

  get renewedAtMs(): number {
    return this.#renewedAtMs;
  }

  get hasPendingWrites(): boolean {
    return this.#pendingWrites > 0;
  }

  /** Resolves when no write is in progress. */
  get idle(): Promise<unknown> {
    return this.#writes;
  }

  /** Returns undefined when the shard has ended already. */
  assignment(): ShardAssignment | undefined {
    if (this.#from.kind === 'SHARD_END') return undefined;
    return {
      partition: this.partition,
      shardId: this.shardId,
      from: this.#from,
      records: this.#recordsBefore,
    };
  }

  /** Runs `change` once earlier writes are done. Rejects as `change` does. */
  write(change: (lease: Lease) => Promise<Lease | undefined>): Promise<HeldWrite> {
    this.#pendingWrites += 1;
    const written = this.#writes.then(() => this.#writeNow(change));
    this.#writes = written
      .catch(() => {})
      .then(() => {
        this.#pendingWrites -= 1;
      });
    return written;
  }

  async #writeNow(change: (lease: Lease) => Promise<Lease | undefined>): Promise<HeldWrite> {
    if (this.isDropped) return 'dropped';
    const startedAtMs = this.#clock.monotonicMs();
    // After a pause of the process its timers may be late. The condition of the write would hold it back; sending it is pointless.
    if (startedAtMs >= this.expiresAtMs) return 'lost';
    const next = await change(this.#lease);
    if (next === undefined) return 'lost';
    // Nothing was written, so nothing was renewed.
    if (next === this.#lease) return 'done';
    this.#lease = next;
    this.#renewedAtMs = startedAtMs;
    return 'done';
  }
}
