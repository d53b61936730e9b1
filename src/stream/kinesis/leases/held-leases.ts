import type { Clock } from '../../../clock.js';
import type { TenureListener } from '../shard-owner.js';
import { type ShardProgress, shardPositionText } from '../shard-position.js';
import { eachBounded } from './each-bounded.js';
import { HeldLease, type HeldWrite } from './held-lease.js';
import { isEnded, type Lease } from './lease.js';
import type { LeaseTable } from './lease-table.js';
import type { LeaseView } from './lease-view.js';
import type { LeaseWarnings } from './lease-warnings.js';

export interface HeldLeasesParts {
  readonly workerId: string;
  readonly failoverMs: number;
  readonly renewMs: number;
  readonly table: LeaseTable;
  readonly view: LeaseView;
  readonly clock: Clock;
  readonly warnings: LeaseWarnings;
  readonly listener: TenureListener;
}

export interface HeldCounts {
  /** Since the process began. */
  readonly taken: number;
  readonly lost: number;
  readonly released: number;
}

export const PARALLEL_WRITES = 8;

/**
 * The leases this worker has, from taking to the end. Invariants:
 * 1. A tenure begins after its row names this worker, and from the checkpoint of that row.
 * 2. It ends before another worker may begin one: by the own clock not later than the fail-over time after the
 *    last write that is known to have been done was sent.
 * 3. What is saved is a write of the row that fails once the row has been taken by another.
 * 4. A shard is taken again only when no write of its last tenure is under way.
 */
export class HeldLeases {
  readonly #parts: HeldLeasesParts;
  readonly #byPartition = new Map<string, HeldLease>();
  readonly #byShard = new Map<string, HeldLease>();
  readonly #busyShards = new Set<string>();
  #tenures = 0;
  #isClosing = false;
  #taken = 0;
  #lost = 0;
  #released = 0;

  constructor(parts: HeldLeasesParts) {
    this.#parts = parts;
  }

  get size(): number {
    return this.#byPartition.size;
  }

  get counts(): HeldCounts {
    return { taken: this.#taken, lost: this.#lost, released: this.#released };
  }

  get shardIds(): ReadonlySet<string> {
    return new Set(this.#byShard.keys());
  }

  /** On their way to another worker. */
  get leavingShardIds(): ReadonlySet<string> {
    return new Set([...this.#all()].filter((h) => h.leavingSinceMs !== undefined).map((h) => h.shardId));
  }

  get(partition: string): HeldLease | undefined {
    return this.#byPartition.get(partition);
  }

  *handedOut(): Iterable<readonly [partition: string, ShardProgress]> {
    for (const { partition, handedOut } of this.#all()) {
      if (handedOut !== undefined) yield [partition, handedOut];
    }
  }

  async take(known: Lease): Promise<void> {
    const { table, clock, workerId, failoverMs } = this.#parts;
    if (this.#isClosing || this.#byShard.has(known.shardId) || this.#busyShards.has(known.shardId)) return;
    const takenAtMs = clock.monotonicMs();
    const lease = await table.take(known, workerId);
    if (lease === undefined) return;
    this.#parts.view.wrote(lease);
    if (this.#isClosing) {
      await table.release(lease);
      return;
    }
    // Leaves a row in our own name, which is taken again or comes of age.
    if (clock.monotonicMs() >= takenAtMs + failoverMs) return;
    const partition = `${lease.shardId}#${this.#tenures}`;
    const held = new HeldLease({ partition, lease, takenAtMs, failoverMs, clock });
    const tenure = held.tenure();
    if (tenure === undefined) return;
    this.#tenures += 1;
    this.#taken += 1;
    this.#byPartition.set(partition, held);
    this.#byShard.set(lease.shardId, held);
    this.#parts.listener.begin(tenure);
  }

  /** Reads nothing more of the shard, and leaves it to others once all that was handed out is saved. Call it again until it is gone. */
  async giveAway(shardId: string): Promise<void> {
    const held = this.#byShard.get(shardId);
    if (held === undefined) return;
    if (held.leavingSinceMs === undefined) {
      // At the end of a shard there is nothing to go on with: saving the end frees it sooner.
      if (held.isReadToEnd) return;
      held.leavingSinceMs = this.#parts.clock.monotonicMs();
      this.#parts.listener.end(held.partition);
    }
    await this.#releaseIfSettled(held);
  }

  async #releaseIfSettled(held: HeldLease): Promise<void> {
    if (held.leavingSinceMs === undefined || held.isDropped || held.isReleasing) return;
    const isOverdue = this.#parts.clock.monotonicMs() - held.leavingSinceMs >= this.#parts.failoverMs;
    if (!held.isSettled && !isOverdue) return;
    if (!held.isSettled) {
      this.#parts.warnings.say(
        'LEASE_RELEASED_UNSAVED',
        { shard: held.shardId, handedOut: textOf(held.handedOut), saved: textOf(held.saved) },
        'a shard goes to another worker before everything read of it was saved: that part is read twice',
      );
    }
    await this.#release(held);
  }

  /** Those not written lately; a write under way renews as well. */
  async renew(): Promise<void> {
    const { clock, renewMs, table } = this.#parts;
    const nowMs = clock.monotonicMs();
    const due = [...this.#all()].filter(
      (held) => !held.hasPendingWrites && nowMs - held.renewedAtMs >= renewMs / 2,
    );
    const failures = await eachBounded(due, PARALLEL_WRITES, async (held) => {
      await this.#write(held, (lease) => table.renew(lease));
    });
    this.#warnOf(failures);
  }

  /** Ends the tenures this worker may not have any more. Resolves with when to look again, on the monotonic clock. */
  enforceDeadlines(): number {
    const { clock, failoverMs } = this.#parts;
    const nowMs = clock.monotonicMs();
    let nextAtMs = nowMs + failoverMs;
    for (const held of [...this.#all()]) {
      if (nowMs >= held.expiresAtMs) {
        this.#lose(held, 'not renewed within the fail-over time');
        continue;
      }
      nextAtMs = Math.min(nextAtMs, held.expiresAtMs);
      if (held.leavingSinceMs === undefined) continue;
      const dueAtMs = held.leavingSinceMs + failoverMs;
      if (nowMs < dueAtMs) nextAtMs = Math.min(nextAtMs, dueAtMs);
      else void this.#releaseIfSettled(held);
    }
    return nextAtMs;
  }

  /** Compares with a scan that began after every write that has resolved. */
  noticeTaken(leases: ReadonlyMap<string, Lease>): void {
    for (const held of [...this.#all()]) {
      const row = leases.get(held.shardId);
      if (row === undefined || row.owner === this.#parts.workerId) continue;
      // Our own SHARD_END and release leave the row without an owner, too.
      if (row.counter > held.lease.counter && !held.hasPendingWrites)
        this.#lose(held, 'taken by another worker');
    }
  }

  /** Resolves true when that was the end of the shard. Rejects with the codes of LeaseTable. */
  async save(held: HeldLease, progress: ShardProgress, books: string): Promise<boolean> {
    const { table } = this.#parts;
    const written = await this.#write(held, (lease) =>
      // A later save may have been written before this one was tried again.
      progress.records < lease.records
        ? Promise.resolve(lease)
        : table.checkpoint(lease, progress, books, held.children),
    );
    if (written !== 'done') return false;
    if (isEnded(held.lease)) {
      this.#drop(held);
      return true;
    }
    await this.#releaseIfSettled(held);
    return false;
  }

  /** Ends every tenure; none begins any more. */
  stopReading(): void {
    this.#isClosing = true;
    for (const held of this.#all()) {
      if (held.leavingSinceMs !== undefined) continue;
      held.leavingSinceMs = this.#parts.clock.monotonicMs();
      if (!held.isReadToEnd) this.#parts.listener.end(held.partition);
    }
  }

  /** Frees every row at its checkpoint. */
  async release(): Promise<void> {
    const all = [...this.#all()];
    await eachBounded(all, PARALLEL_WRITES, (held) => this.#release(held));
    for (const held of all) this.#drop(held);
  }

  #all(): Iterable<HeldLease> {
    return this.#byPartition.values();
  }

  async #release(held: HeldLease): Promise<void> {
    held.isReleasing = true;
    try {
      const written = await this.#write(held, (lease) => this.#parts.table.release(lease));
      if (written === 'done') {
        this.#released += 1;
        this.#drop(held);
      }
    } catch (thrown) {
      // Still ours and renewed: tried again with the next round, or it comes of age.
      this.#warnOf([thrown]);
    } finally {
      held.isReleasing = false;
    }
  }

  async #write(held: HeldLease, change: (lease: Lease) => Promise<Lease | undefined>): Promise<HeldWrite> {
    const written = await held.write(change);
    if (written === 'lost') this.#lose(held, 'its row has changed hands');
    if (written === 'done') this.#parts.view.wrote(held.lease);
    return written;
  }

  #lose(held: HeldLease, cause: string): void {
    if (held.isDropped) return;
    this.#drop(held);
    this.#lost += 1;
    if (held.leavingSinceMs === undefined && !held.isReadToEnd) this.#parts.listener.end(held.partition);
    this.#parts.warnings.say(
      'LEASE_LOST',
      { shard: held.shardId, cause, handedOut: textOf(held.handedOut), saved: textOf(held.saved) },
      'a lease was lost: another worker goes on at the last checkpoint, what was read since comes twice',
    );
  }

  #drop(held: HeldLease): void {
    if (held.isDropped) return;
    held.isDropped = true;
    this.#byPartition.delete(held.partition);
    this.#byShard.delete(held.shardId);
    if (!held.hasPendingWrites) return;
    const { shardId } = held;
    this.#busyShards.add(shardId);
    void held.idle.then(() => this.#busyShards.delete(shardId));
  }

  #warnOf(failures: readonly unknown[]): void {
    for (const failure of failures) this.#parts.warnings.failed(failure);
  }
}

function textOf(progress: ShardProgress | undefined): string | undefined {
  return progress === undefined ? undefined : shardPositionText(progress.at);
}
