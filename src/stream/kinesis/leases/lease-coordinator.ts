import { SluiceError } from '../../../lib/errors.js';
import type { Position } from '../../stream.js';
import type { ShardAssigner, ShardAssignmentListener } from '../shard-assignment.js';
import type { ShardProgress } from '../shard-position.js';
import { balance } from './balance.js';
import type { HeldLease } from './held-lease.js';
import { HeldLeases, PARALLEL_WRITES } from './held-leases.js';
import { deliveredPosition, isSameProgress, mergedLedgers, parseDelivered } from './lease.js';
import type {
  LeaseCoordinatorOptions,
  LeaseCoordinatorParts,
  LeaseStatus,
} from './lease-coordinator-options.js';
import { leaseOverview } from './lease-overview.js';
import type { WorkerHeartbeat } from './lease-row.js';
import { LeaseView } from './lease-view.js';
import { LeaseWarnings } from './lease-warnings.js';
import { ShardSync } from './shard-sync.js';
import { forEachLimited, WakeableLoop } from './wakeable-loop.js';

const DEFAULT_FAILOVER_MS = 10_000;
const DEFAULT_SHARD_SYNC_MS = 60_000;
/** How long to wait after a list in which shards are missing. */
const DOUBT_MS = 1_000;
/** Scans of the table within a renewal interval while this worker waits for a shard that nobody reads meanwhile. */
const SCANS_WHILE_WAITING = 6;

/** What runs from `open` to `close`. */
interface Operation {
  readonly held: HeldLeases;
  readonly rounds: WakeableLoop;
  readonly syncs: WakeableLoop;
  readonly renewals: WakeableLoop;
  readonly deadlines: WakeableLoop;
}

/**
 * LeaseCoordinator shares the shards of a stream with other workers by leases in a table. A worker renews its leases,
 * writes a heartbeat, scans the table and moves towards an even spread: it takes leases that are free or no longer
 * renewed, and gives away those it has too many of, after everything read from their shards is saved.
 */
export class LeaseCoordinator implements ShardAssigner {
  readonly #options: LeaseCoordinatorOptions;
  readonly #parts: LeaseCoordinatorParts;
  readonly #failoverMs: number;
  readonly #renewMs: number;
  readonly #shardSyncMs: number;
  readonly #view: LeaseView;
  readonly #sync: ShardSync;
  readonly #warnings: LeaseWarnings;
  #heartbeat: number;
  #operation: Operation | undefined;
  #listener: ShardAssignmentListener | undefined;
  /** Of the loops of the operation; each resolves when its loop was stopped. */
  #running: readonly Promise<void>[] = [];
  #isClosed = false;

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
    const { initial, streamCreatedAtMs } = options;
    this.#sync = new ShardSync({ ...parts, initial, streamCreatedAtMs, shardSyncMs: this.#shardSyncMs });
    // Differs from every heartbeat written by an earlier process with the same worker id.
    this.#heartbeat = Number(parts.clock.nowNs() / 1_000_000n);
  }

  /**
   * Rejects with LEASE_TABLE_UNREACHABLE or LEASE_TABLE_UNUSABLE while the table cannot be made ready, and with
   * what makes the stream unusable. Once the table was ready, an outage is waited out, with warnings.
   */
  async open(listener: ShardAssignmentListener): Promise<void> {
    await this.#parts.table.prepare();
    if (this.#isClosed) return;
    const operation = this.#newOperation(listener);
    this.#operation = operation;
    this.#listener = listener;
    let nextSyncInMs = this.#renewMs;
    try {
      nextSyncInMs = await this.#syncShards();
    } catch (thrown) {
      if (!(thrown instanceof SluiceError) || !thrown.retryable) throw thrown;
      this.#warnings.failed(thrown);
    }
    if (this.#isClosed) return;
    const { rounds, syncs, renewals, deadlines } = operation;
    this.#running = [rounds.run(), syncs.run(nextSyncInMs), renewals.run(), deadlines.run()];
  }

  delivered(partition: string, progress: ShardProgress, childShards: readonly string[] = []): void {
    const held = this.#operation?.held.get(partition);
    if (held === undefined) return;
    held.delivered = progress;
    if (childShards.length > 0) held.children = childShards;
  }

  position(): Position {
    return deliveredPosition(this.#operation?.held.delivered() ?? []);
  }

  /**
   * Writes into the rows of the shards how far everything has been processed. `position` is one of this process, and
   * `ledgerOf` returns the ledger of one assignment since it began, up to that position; it is called before the
   * first wait. An assignment that was lost meanwhile is omitted and ended: its new reader continues at the last
   * checkpoint.
   *
   * Rejects with LEASE_TABLE_UNREACHABLE or LEASE_TABLE_UNUSABLE when a row could not be written, after a bounded
   * number of attempts and after the others were tried. Nothing is lost then; those checkpoints only stay behind,
   * and the same or a later position can be saved at any time.
   */
  async save(position: Position, ledgerOf: (partition: string) => string): Promise<void> {
    if (this.#operation === undefined) return;
    const { held, syncs, rounds } = this.#operation;
    const due: { lease: HeldLease; progress: ShardProgress; ledger: string }[] = [];
    for (const [partition, progress] of parseDelivered(position)) {
      const lease = held.get(partition);
      if (lease === undefined || isSameProgress(progress, lease.saved)) continue;
      const ledger = mergedLedgers(this.#parts.mergeLedgers, lease.ledgerBefore, ledgerOf(partition));
      due.push({ lease, progress, ledger });
    }
    let hasEnded = false;
    const [failure] = await forEachLimited(due, PARALLEL_WRITES, async ({ lease, progress, ledger }) => {
      if (await held.save(lease, progress, ledger)) hasEnded = true;
    });
    if (hasEnded) {
      // The children can begin, and this worker has room for them now.
      syncs.wake();
      rounds.wake();
    }
    if (failure !== undefined) throw failure;
  }

  /** See HeldLeases. */
  watermarks(): ReadonlyMap<string, number> {
    return this.#operation?.held.watermarks() ?? new Map();
  }

  status(): LeaseStatus {
    const held = this.#operation?.held;
    const scannedAtMs = this.#view.scannedAtMs;
    const { mergeLedgers, clock } = this.#parts;
    return {
      held: held?.size ?? 0,
      ...(held?.counts ?? { taken: 0, lost: 0, released: 0 }),
      ...leaseOverview({
        leases: this.#view.leases,
        ledger: this.#view.ledger,
        isMine: (shardId) => held?.shardIds.has(shardId) ?? false,
        isStartable: (lease) => this.#view.isStartable(lease),
        mergeLedgers,
      }),
      workers: this.#view.otherWorkers().length + 1,
      lastScanAgeMs: scannedAtMs === undefined ? Number.POSITIVE_INFINITY : clock.monotonicMs() - scannedAtMs,
    };
  }

  /**
   * Ends the assignments at once, and releases their leases at their checkpoints. What was delivered has to be saved
   * before.
   */
  async close(): Promise<void> {
    const { table } = this.#parts;
    this.#isClosed = true;
    if (this.#operation !== undefined) {
      const { held, rounds, syncs, renewals, deadlines } = this.#operation;
      held.stopReading();
      for (const loop of [rounds, syncs, renewals, deadlines]) loop.stop();
      await Promise.all(this.#running);
      await held.release();
    }
    if (this.#running.length > 0) await this.#tried(() => table.removeWorker(this.#me), undefined);
    table.close();
  }

  #newOperation(listener: ShardAssignmentListener): Operation {
    const { table, clock, sleep, watermarkMs } = this.#parts;
    const held = new HeldLeases({
      workerId: this.#options.workerId,
      failoverMs: this.#failoverMs,
      renewMs: this.#renewMs,
      view: this.#view,
      warnings: this.#warnings,
      table,
      clock,
      listener,
      ...(watermarkMs !== undefined && { watermarkMs }),
    });
    const loop = (step: () => Promise<number>, afterFailureInMs: number) =>
      new WakeableLoop(() => this.#tried(step, afterFailureInMs), sleep);
    const operation: Operation = {
      held,
      rounds: loop(() => this.#round(operation), this.#renewMs),
      syncs: loop(() => this.#syncAgain(operation), Math.min(this.#failoverMs, this.#shardSyncMs)),
      renewals: loop(() => this.#renew(held), this.#renewMs),
      deadlines: loop(() => this.#enforceDeadlines(held), this.#renewMs),
    };
    return operation;
  }

  /** Writes a heartbeat, scans the table, and makes the moves that are this worker's. */
  async #round({ held, deadlines }: Operation): Promise<number> {
    const { table, clock } = this.#parts;
    this.#heartbeat += 1;
    const heartbeat = this.#tried(() => table.heartbeat(this.#me), undefined);
    this.#view.beginScan();
    const contents = await table.scan().finally(() => heartbeat);
    this.#view.endScan(contents, clock.monotonicMs());
    held.noticeTaken(this.#view.leases);
    const { workerId, maxLeases } = this.#options;
    const moves = balance({
      me: workerId,
      workers: [{ workerId, maxLeases }, ...this.#view.otherWorkers()],
      leases: this.#view.balanceLeases(held.shardIds),
      leaving: held.leavingShardIds,
    });
    await this.#tryEach([...moves.giveAway, ...held.leavingShardIds], (shardId) => held.giveAway(shardId));
    await this.#tryEach(moves.take, async (shardId) => {
      const known = this.#view.leases.get(shardId);
      if (known !== undefined) await held.take(known);
    });
    // A lease whose request took long expires before the deadline that is waited for.
    if (moves.take.length > 0) deadlines.wake();
    await this.#tryEach(this.#view.longDeadWorkers(), (worker) => table.removeWorker(worker));
    const inMs = this.#jittered(moves.isWaiting ? this.#renewMs / SCANS_WHILE_WAITING : this.#renewMs);
    return Math.min(inMs, this.#view.nextExpiryInMs());
  }

  async #syncAgain({ rounds }: Operation): Promise<number> {
    const inMs = await this.#syncShards();
    rounds.wake();
    return inMs;
  }

  async #syncShards(): Promise<number> {
    const { gone, isDoubtful, isMadeAgain } = await this.#sync.run();
    if (isMadeAgain) this.#listener?.streamMadeAgain();
    this.#view.synced(gone);
    return this.#jittered(isDoubtful ? Math.min(DOUBT_MS, this.#shardSyncMs) : this.#shardSyncMs);
  }

  async #renew(held: HeldLeases): Promise<number> {
    await held.renew();
    return this.#renewMs;
  }

  async #enforceDeadlines(held: HeldLeases): Promise<number> {
    return Math.max(1, held.enforceDeadlines() - this.#parts.clock.monotonicMs());
  }

  get #me(): WorkerHeartbeat {
    const { workerId, maxLeases } = this.#options;
    return { workerId, heartbeat: this.#heartbeat, maxLeases };
  }

  /** Shortens a wait at random, so that workers started together do not stay in step. */
  #jittered(ms: number): number {
    return ms * (0.9 + 0.1 * this.#parts.random());
  }

  async #tryEach<T>(all: Iterable<T>, work: (one: T) => Promise<void>): Promise<void> {
    for (const failure of await forEachLimited([...all], PARALLEL_WRITES, work))
      this.#warnings.failed(failure);
  }

  /** Logs a failure and resolves with `otherwise`: the work is done again later. */
  async #tried<T>(work: () => Promise<T>, otherwise: T): Promise<T> {
    try {
      return await work();
    } catch (thrown) {
      this.#warnings.failed(thrown);
      return otherwise;
    }
  }
}
