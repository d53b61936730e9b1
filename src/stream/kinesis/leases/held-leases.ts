import type { Clock } from '../../../lib/clock.js';
import type { ShardAssignmentListener } from '../shard-assignment.js';
import { type ShardProgress, shardPositionText } from '../shard-position.js';
import { HeldLease, type HeldWrite } from './held-lease.js';
import { isEnded, type Lease } from './lease.js';
import type { LeaseTable } from './lease-table.js';
import type { LeaseView } from './lease-view.js';
import type { LeaseWarnings } from './lease-warnings.js';
import { forEachLimited } from './wakeable-loop.js';

export interface HeldLeasesParts {
  readonly workerId: string;
  readonly failoverMs: number;
  readonly renewMs: number;
  readonly table: LeaseTable;
  readonly view: LeaseView;
  readonly clock: Clock;
  readonly warnings: LeaseWarnings;
  readonly listener: ShardAssignmentListener;
  /** How far the receive times of an assignment's stored records have come, ms; undefined: that is not saved. */
  readonly watermarkMs?: (partition: string) => number | undefined;
}

export interface HeldCounts {
  /** All three count since the process began. */
  readonly taken: number;
  readonly lost: number;
  readonly released: number;
}

export const PARALLEL_WRITES = 8;

/**
 * HeldLeases are the leases of this worker, from taking them to losing or releasing them. Invariants:
 * 1. A shard assignment begins after the row names this worker, and at the checkpoint of that row.
 * 2. It ends before another worker may begin one: on this worker's clock at the latest the fail-over time after the
 *    last write that is known to be done was sent.
 * 3. A save is a write of the row that fails once another worker has taken the row.
 * 4. A shard is taken again only when no write of its last assignment is in progress.
 */
export class HeldLeases {
  readonly #parts: HeldLeasesParts;
  readonly #byPartition = new Map<string, HeldLease>();
  readonly #byShard = new Map<string, HeldLease>();
  readonly #busyShards = new Set<string>();
  #assignments = 0;
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

  /** Returns the shards that another worker is to continue. */
  get leavingShardIds(): ReadonlySet<string> {
    return new Set([...this.#all()].filter((h) => h.leavingSinceMs !== undefined).map((h) => h.shardId));
  }

  get(partition: string): HeldLease | undefined {
    return this.#byPartition.get(partition);
  }

  *delivered(): Iterable<readonly [partition: string, ShardProgress]> {
    for (const { partition, delivered } of this.#all()) {
      if (delivered !== undefined) yield [partition, delivered];
    }
  }

  /**
   * Partition → the watermark that its row has at most, -Infinity where it has none. Only shards that no other worker can have
   * taken or ended by now: their rows are changed by this worker alone.
   */
  watermarks(): ReadonlyMap<string, number> {
    const nowMs = this.#parts.clock.monotonicMs();
    const sure = [...this.#all()].filter((held) => !held.isGivenUp && nowMs < held.expiresAtMs);
    return new Map(
      sure.map(({ partition, sentWatermarkMs = Number.NEGATIVE_INFINITY }) => [partition, sentWatermarkMs]),
    );
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
    // The row keeps the name of this worker; it is taken again or expires.
    if (clock.monotonicMs() >= takenAtMs + failoverMs) return;
    const partition = `${lease.shardId}#${this.#assignments}`;
    const held = new HeldLease({ partition, lease, takenAtMs, failoverMs, clock });
    const assignment = held.assignment();
    if (assignment === undefined) return;
    this.#assignments += 1;
    this.#taken += 1;
    this.#byPartition.set(partition, held);
    this.#byShard.set(lease.shardId, held);
    this.#parts.listener.begin(assignment);
  }

  /**
   * Stops reading the shard, and releases its lease once everything that was delivered is saved. To be called again
   * until the lease is gone.
   */
  async giveAway(shardId: string): Promise<void> {
    const held = this.#byShard.get(shardId);
    if (held === undefined) return;
    if (held.leavingSinceMs === undefined) {
      // At the end of a shard nothing is left for another worker: saving the end releases the lease sooner.
      if (held.isReadToEnd) return;
      held.leavingSinceMs = this.#parts.clock.monotonicMs();
      this.#parts.listener.end(held.partition);
    }
    await this.#releaseIfSaved(held);
  }

  async #releaseIfSaved(held: HeldLease): Promise<void> {
    if (held.leavingSinceMs === undefined || held.isDropped || held.isReleasing) return;
    const isOverdue = this.#parts.clock.monotonicMs() - held.leavingSinceMs >= this.#parts.failoverMs;
    if (!held.isSaved && !isOverdue) return;
    if (!held.isSaved) {
      this.#parts.warnings.log(
        'LEASE_RELEASED_UNSAVED',
        { shard: held.shardId, delivered: textOf(held.delivered), saved: textOf(held.saved) },
        'a shard is released to another worker before everything read from it was saved: that part is read twice',
      );
    }
    await this.#release(held);
  }

  /** Renews the leases that were not written lately. One with a write in progress is renewed by that write. */
  async renew(): Promise<void> {
    const { clock, renewMs, table } = this.#parts;
    const nowMs = clock.monotonicMs();
    const due = [...this.#all()].filter(
      (held) => !held.hasPendingWrites && nowMs - held.renewedAtMs >= renewMs / 2,
    );
    const failures = await forEachLimited(due, PARALLEL_WRITES, async (held) => {
      await this.#write(held, (lease) => table.renew(lease, this.#watermarkToSend(held)));
    });
    this.#warnOf(failures);
  }

  /** Ends the assignments that this worker may not have any more. Returns when to call it again, on the monotonic clock. */
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
      else void this.#releaseIfSaved(held);
    }
    return nextAtMs;
  }

  /** Compares the held leases with a scan that began after every write that has resolved. */
  noticeTaken(leases: ReadonlyMap<string, Lease>): void {
    for (const held of [...this.#all()]) {
      const row = leases.get(held.shardId);
      if (row === undefined || row.owner === this.#parts.workerId) continue;
      // A row without an owner may also be the result of this worker's own SHARD_END or release.
      if (row.counter > held.lease.counter && !held.hasPendingWrites)
        this.#lose(held, 'taken by another worker');
    }
  }

  /** Resolves true when `progress` was the end of the shard. Rejects with the codes of LeaseTable. */
  async save(held: HeldLease, progress: ShardProgress, ledger: string): Promise<boolean> {
    const { table } = this.#parts;
    const written = await this.#write(held, (lease) => {
      // A later save may have been written before this one is tried again.
      if (progress.records < lease.records) return Promise.resolve(lease);
      const watermarkMs = this.#watermarkToSend(held);
      if (progress.at.kind === 'SHARD_END') held.isGivenUp = true;
      return table.checkpoint(lease, progress, ledger, held.children, watermarkMs);
    });
    if (written !== 'done') return false;
    if (isEnded(held.lease)) {
      this.#drop(held);
      return true;
    }
    await this.#releaseIfSaved(held);
    return false;
  }

  /** Ends every assignment, and lets no other begin. */
  stopReading(): void {
    this.#isClosing = true;
    for (const held of this.#all()) {
      if (held.leavingSinceMs !== undefined) continue;
      held.leavingSinceMs = this.#parts.clock.monotonicMs();
      if (!held.isReadToEnd) this.#parts.listener.end(held.partition);
    }
  }

  /** Releases every lease at its checkpoint. */
  async release(): Promise<void> {
    const all = [...this.#all()];
    await forEachLimited(all, PARALLEL_WRITES, (held) => this.#release(held));
    for (const held of all) this.#drop(held);
  }

  /** It never falls, so that what one process has taken for complete stays so. Called when a write is sent. */
  #watermarkToSend(held: HeldLease): number | undefined {
    const { clock, watermarkMs } = this.#parts;
    if (watermarkMs === undefined || clock.monotonicMs() < held.savesWatermarkFromMs) return undefined;
    const nowMs = watermarkMs(held.partition);
    if (nowMs === undefined) return undefined;
    held.sentWatermarkMs = Math.max(held.sentWatermarkMs ?? nowMs, nowMs);
    return held.sentWatermarkMs;
  }

  #all(): Iterable<HeldLease> {
    return this.#byPartition.values();
  }

  async #release(held: HeldLease): Promise<void> {
    held.isReleasing = true;
    try {
      const written = await this.#write(held, (lease) => {
        held.isGivenUp = true;
        return this.#parts.table.release(lease);
      });
      if (written === 'done') {
        this.#released += 1;
        this.#drop(held);
      }
    } catch (thrown) {
      // The lease is still held and renewed: the next round tries again, or the lease expires.
      this.#warnOf([thrown]);
    } finally {
      held.isReleasing = false;
    }
  }

  async #write(held: HeldLease, change: (lease: Lease) => Promise<Lease | undefined>): Promise<HeldWrite> {
    const written = await held.write(change);
    if (written === 'lost') this.#lose(held, 'its row names another worker');
    if (written === 'done') this.#parts.view.wrote(held.lease);
    return written;
  }

  #lose(held: HeldLease, cause: string): void {
    if (held.isDropped) return;
    this.#drop(held);
    this.#lost += 1;
    if (held.leavingSinceMs === undefined && !held.isReadToEnd) this.#parts.listener.end(held.partition);
    this.#parts.warnings.log(
      'LEASE_LOST',
      { shard: held.shardId, cause, delivered: textOf(held.delivered), saved: textOf(held.saved) },
      'a lease was lost: another worker continues at the last checkpoint, and what was read since is read twice',
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
