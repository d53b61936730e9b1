import type { Clock } from '../../../clock.js';
import type { Tenure } from '../shard-owner.js';
import type { ShardPosition, ShardProgress } from '../shard-position.js';
import { isSameProgress } from './handed-out.js';
import type { Lease } from './lease.js';

export type HeldWrite = 'done' | 'lost' | 'dropped';

export interface HeldLeaseParts {
  readonly partition: string;
  /** As it was taken. */
  readonly lease: Lease;
  /** When the request that took it was sent. */
  readonly takenAtMs: number;
  readonly failoverMs: number;
  readonly clock: Clock;
}

/**
 * A lease this worker has, and the tenure that goes with it. Writes of its row follow one another: each moves the
 * counter the next one has to name.
 */
export class HeldLease {
  readonly partition: string;
  /** Of all readers before this tenure. */
  readonly booksBefore: string;
  readonly #from: ShardPosition;
  readonly #recordsBefore: number;
  readonly #failoverMs: number;
  readonly #clock: Clock;
  #lease: Lease;
  #renewedAtMs: number;
  #writes: Promise<unknown> = Promise.resolve();
  #pendingWrites = 0;
  handedOut: ShardProgress | undefined;
  children: readonly string[] = [];
  /** Since when the reader has stopped so that another worker can go on; absent while it reads. */
  leavingSinceMs: number | undefined;
  isReleasing = false;
  /** No longer ours: what is still under way of it is not saved. */
  isDropped = false;

  constructor({ partition, lease, takenAtMs, failoverMs, clock }: HeldLeaseParts) {
    this.partition = partition;
    this.booksBefore = lease.books;
    this.#from = lease.checkpoint;
    this.#recordsBefore = lease.records;
    this.#failoverMs = failoverMs;
    this.#clock = clock;
    this.#lease = lease;
    this.#renewedAtMs = takenAtMs;
  }

  get shardId(): string {
    return this.#lease.shardId;
  }

  /** As last written. */
  get lease(): Lease {
    return this.#lease;
  }

  get saved(): ShardProgress {
    return { at: this.#lease.checkpoint, records: this.#lease.records };
  }

  get isSettled(): boolean {
    return this.handedOut === undefined || isSameProgress(this.handedOut, this.saved);
  }

  /** The reader has come to the end of the shard. */
  get isReadToEnd(): boolean {
    return this.handedOut?.at.kind === 'SHARD_END';
  }

  /** From then on others may take it, and this worker has to have stopped. Counted from before the last write was sent. */
  get expiresAtMs(): number {
    return this.#renewedAtMs + this.#failoverMs;
  }

  get renewedAtMs(): number {
    return this.#renewedAtMs;
  }

  get hasPendingWrites(): boolean {
    return this.#pendingWrites > 0;
  }

  /** Resolves when no write is under way. */
  get idle(): Promise<unknown> {
    return this.#writes;
  }

  /** `undefined` when the shard has ended already. */
  tenure(): Tenure | undefined {
    if (this.#from.kind === 'SHARD_END') return undefined;
    return {
      partition: this.partition,
      shardId: this.shardId,
      from: this.#from,
      records: this.#recordsBefore,
    };
  }

  /** Rejects as `change` does. */
  write(change: (lease: Lease) => Promise<Lease | undefined>): Promise<HeldWrite> {
    this.#pendingWrites += 1;
    const turn = this.#writes.then(() => this.#writeNow(change));
    this.#writes = turn
      .catch(() => {})
      .then(() => {
        this.#pendingWrites -= 1;
      });
    return turn;
  }

  async #writeNow(change: (lease: Lease) => Promise<Lease | undefined>): Promise<HeldWrite> {
    if (this.isDropped) return 'dropped';
    const startedAtMs = this.#clock.monotonicMs();
    // After a pause of the process its timers may be late: the row is fenced, but asking is pointless.
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
