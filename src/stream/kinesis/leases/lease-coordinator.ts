import { SluiceError } from '../../../errors.js';
import type { Position } from '../../stream.js';
import type { ShardOwner, TenureListener } from '../shard-owner.js';
import type { ShardProgress } from '../shard-position.js';
import { balance } from './balance.js';
import { eachBounded } from './each-bounded.js';
import { handedOutPosition, isSameProgress, parseHandedOut } from './handed-out.js';
import type { HeldLease } from './held-lease.js';
import { HeldLeases, PARALLEL_WRITES } from './held-leases.js';
import { mergedBooks } from './lease.js';
import type {
  LeaseCoordinatorOptions,
  LeaseCoordinatorParts,
  LeaseStatus,
} from './lease-coordinator-options.js';
import { leaseOverview } from './lease-overview.js';
import { LeaseView } from './lease-view.js';
import { LeaseWarnings } from './lease-warnings.js';
import { ShardSync } from './shard-sync.js';
import { WakeableLoop } from './wakeable-loop.js';

const DEFAULT_FAILOVER_MS = 10_000;
const DEFAULT_SHARD_SYNC_MS = 60_000;
/** A list in which shards are missing is looked at again after this. */
const DOUBT_MS = 1_000;
/** Looks at the table in a renewal interval while a shard is on its way here: it is read by nobody then. */
const WAITING_LOOKS = 6;

/**
 * Shares the shards of a stream with other workers by leases in a table. A worker renews its leases, shows that it
 * is there, looks at the table and moves towards an even spread: it takes what is free or no longer renewed, and
 * gives away what it has too many of, after everything read of it is saved.
 */
export class LeaseCoordinator implements ShardOwner {
  readonly #options: LeaseCoordinatorOptions;
  readonly #parts: LeaseCoordinatorParts;
  readonly #failoverMs: number;
  readonly #renewMs: number;
  readonly #shardSyncMs: number;
  readonly #view: LeaseView;
  readonly #sync: ShardSync;
  readonly #warnings: LeaseWarnings;
  readonly #rounds: WakeableLoop;
  readonly #syncs: WakeableLoop;
  readonly #renewals: WakeableLoop;
  readonly #deadlines: WakeableLoop;
  #running: readonly Promise<void>[] = [];
  #held: HeldLeases | undefined;
  #heartbeat: number;

  constructor(options: LeaseCoordinatorOptions, parts: LeaseCoordinatorParts) {
    this.#options = options;
    this.#parts = parts;
    this.#failoverMs = options.failoverMs ?? DEFAULT_FAILOVER_MS;
    this.#renewMs = options.renewMs ?? this.#failoverMs / 3;
    this.#shardSyncMs = options.shardSyncMs ?? DEFAULT_SHARD_SYNC_MS;
    this.#warnings = new LeaseWarnings(parts.warn, parts.clock);
    this.#view = new LeaseView({
      me: options.workerId,
      failoverMs: this.#failoverMs,
      renewMs: this.#renewMs,
    });
    this.#sync = new ShardSync({ ...parts, initial: options.initial, shardSyncMs: this.#shardSyncMs });
    // Another value than in a former life of the same id.
    this.#heartbeat = Number(parts.clock.nowNs() / 1_000_000n);
    const loop = (turn: () => Promise<number>, elseInMs: number) =>
      new WakeableLoop(() => this.#tried(turn, elseInMs), parts.sleep);
    this.#rounds = loop(() => this.#round(), this.#renewMs);
    this.#syncs = loop(() => this.#syncAgain(), Math.min(this.#failoverMs, this.#shardSyncMs));
    this.#renewals = loop(() => this.#renew(), this.#renewMs);
    this.#deadlines = loop(() => this.#enforceDeadlines(), this.#renewMs);
  }

  /**
   * Rejects with LEASE_TABLE_UNREACHABLE or LEASE_TABLE_UNUSABLE while the table cannot be made ready, and with
   * what makes the stream unusable. Once the table was ready, an outage is waited for, with warnings.
   */
  async open(listener: TenureListener): Promise<void> {
    const { table, clock } = this.#parts;
    await table.prepare();
    this.#held = new HeldLeases({
      workerId: this.#options.workerId,
      failoverMs: this.#failoverMs,
      renewMs: this.#renewMs,
      view: this.#view,
      warnings: this.#warnings,
      table,
      clock,
      listener,
    });
    let nextSyncInMs = this.#renewMs;
    try {
      nextSyncInMs = await this.#syncShards();
    } catch (thrown) {
      if (!(thrown instanceof SluiceError) || !thrown.retryable) throw thrown;
      this.#warnings.failed(thrown);
    }
    this.#running = [
      this.#rounds.run(),
      this.#syncs.run(nextSyncInMs),
      this.#renewals.run(),
      this.#deadlines.run(),
    ];
  }

  handedOut(partition: string, progress: ShardProgress, childShards: readonly string[] = []): void {
    const held = this.#held?.get(partition);
    if (held === undefined) return;
    held.handedOut = progress;
    if (childShards.length > 0) held.children = childShards;
  }

  position(): Position {
    return handedOutPosition(this.#held?.handedOut() ?? []);
  }

  /**
   * Writes how far everything has been settled into the rows of the shards: `position` is one of this process, and
   * `booksOf` the ledger of one tenure since it began, up to that position; asked before the first wait.
   * A tenure that was lost meanwhile is left out and ended: its new reader goes on at the last checkpoint.
   *
   * Rejects with LEASE_TABLE_UNREACHABLE or LEASE_TABLE_UNUSABLE when a row could not be written, after a bounded
   * number of attempts and after the others were tried: nothing is lost, those checkpoints only stay behind. The
   * same or a later position can be saved at any time.
   */
  async save(position: Position, booksOf: (partition: string) => string): Promise<void> {
    const held = this.#held;
    if (held === undefined) return;
    const due: { lease: HeldLease; progress: ShardProgress; books: string }[] = [];
    for (const [partition, progress] of parseHandedOut(position)) {
      const lease = held.get(partition);
      if (lease === undefined || isSameProgress(progress, lease.saved)) continue;
      const books = mergedBooks(this.#parts.mergeBooks, lease.booksBefore, booksOf(partition));
      due.push({ lease, progress, books });
    }
    let hasEnded = false;
    const [failure] = await eachBounded(due, PARALLEL_WRITES, async ({ lease, progress, books }) => {
      if (await held.save(lease, progress, books)) hasEnded = true;
    });
    if (hasEnded) {
      // The children can begin, and this worker has room: no waiting for the next look.
      this.#syncs.wake();
      this.#rounds.wake();
    }
    if (failure !== undefined) throw failure;
  }

  status(): LeaseStatus {
    const scannedAtMs = this.#view.scannedAtMs;
    const { mergeBooks, clock } = this.#parts;
    return {
      held: this.#held?.size ?? 0,
      ...(this.#held?.counts ?? { taken: 0, lost: 0, released: 0 }),
      ...leaseOverview({
        leases: this.#view.leases,
        account: this.#view.account,
        isMine: (shardId) => this.#held?.shardIds.has(shardId) ?? false,
        isStartable: (lease) => this.#view.isStartable(lease),
        mergeBooks,
      }),
      workers: this.#view.otherWorkers().length + 1,
      lastScanAgeMs: scannedAtMs === undefined ? Number.POSITIVE_INFINITY : clock.monotonicMs() - scannedAtMs,
    };
  }

  /** Ends the tenures at once, and frees their rows at their checkpoints for others to go on; what was handed out has to be saved before. */
  async close(): Promise<void> {
    this.#held?.stopReading();
    for (const loop of [this.#rounds, this.#syncs, this.#renewals, this.#deadlines]) loop.stop();
    await Promise.all(this.#running);
    const { table } = this.#parts;
    await this.#held?.release();
    if (this.#running.length > 0) await this.#tried(() => table.removeWorker(this.#beat), undefined);
    table.close();
  }

  /** Shows that this worker is there, looks at the table, and makes the moves that fall to it. */
  async #round(): Promise<number> {
    const { table, clock } = this.#parts;
    const held = this.#held!;
    this.#heartbeat += 1;
    const beating = this.#tried(() => table.beat(this.#beat), undefined);
    this.#view.beginScan();
    const contents = await table.scan().finally(() => beating);
    this.#view.endScan(contents, clock.monotonicMs());
    held.noticeTaken(this.#view.leases);
    const { workerId, maxLeases } = this.#options;
    const me = { workerId, ...(maxLeases === undefined ? {} : { maxLeases }) };
    const moves = balance({
      me: workerId,
      workers: [me, ...this.#view.otherWorkers()],
      leases: this.#view.balanceLeases(held.shardIds),
      leaving: held.leavingShardIds,
    });
    await this.#eachTried([...moves.giveAway, ...held.leavingShardIds], (shardId) => held.giveAway(shardId));
    await this.#eachTried(moves.take, async (shardId) => {
      const known = this.#view.leases.get(shardId);
      if (known !== undefined) await held.take(known);
    });
    // A take that was long under way has a deadline before the one that is waited for.
    if (moves.take.length > 0) this.#deadlines.wake();
    await this.#eachTried(this.#view.forgottenWorkers(), (worker) => table.removeWorker(worker));
    const inMs = this.#jittered(moves.isWaiting ? this.#renewMs / WAITING_LOOKS : this.#renewMs);
    return Math.min(inMs, this.#view.nextExpiryInMs());
  }

  async #syncAgain(): Promise<number> {
    const inMs = await this.#syncShards();
    this.#rounds.wake();
    return inMs;
  }

  async #syncShards(): Promise<number> {
    const { gone, isDoubtful } = await this.#sync.run();
    this.#view.synced(gone);
    return this.#jittered(isDoubtful ? Math.min(DOUBT_MS, this.#shardSyncMs) : this.#shardSyncMs);
  }

  async #renew(): Promise<number> {
    await this.#held!.renew();
    return this.#renewMs;
  }

  async #enforceDeadlines(): Promise<number> {
    return Math.max(1, this.#held!.enforceDeadlines() - this.#parts.clock.monotonicMs());
  }

  get #beat() {
    const { workerId, maxLeases } = this.#options;
    return { workerId, heartbeat: this.#heartbeat, ...(maxLeases === undefined ? {} : { maxLeases }) };
  }

  /** So that workers started together do not stay in step. */
  #jittered(ms: number): number {
    return ms * (0.9 + 0.1 * this.#parts.random());
  }

  async #eachTried<T>(all: Iterable<T>, work: (one: T) => Promise<void>): Promise<void> {
    for (const failure of await eachBounded([...all], PARALLEL_WRITES, work)) this.#warnings.failed(failure);
  }

  /** What fails is said, and comes again by itself. */
  async #tried<T>(work: () => Promise<T>, otherwise: T): Promise<T> {
    try {
      return await work();
    } catch (thrown) {
      this.#warnings.failed(thrown);
      return otherwise;
    }
  }
}
