import { SluiceError } from '../../../lib/errors.js';
import { type ShardPosition, type ShardProgress, shardPositionText } from '../shard-position.js';
import {
  type ApplicationLedger,
  carryLedgerForward,
  compactLease,
  endFirstStart,
  LEDGER_KEY,
  noteStream,
  OLD_LEDGER_KEY,
  openLedger,
  readLedger,
} from './application-ledger.js';
import { isEnded, type Lease, type MergeLedgers, type NewLease } from './lease.js';
import {
  ATTRIBUTE,
  leaseOfRow,
  removeWorker,
  rowOfCheckpoint,
  rowOfNewLease,
  type WorkerHeartbeat,
  workerOfRow,
  writeHeartbeat,
} from './lease-row.js';
import type { LeaseRows, Row, RowCondition } from './lease-rows.js';

/** Everything in the table. The ledger fits the leases: that of a shard is never in both of them, nor in neither. */
export interface TableContents {
  readonly leases: ReadonlyMap<string, Lease>;
  readonly workers: readonly WorkerHeartbeat[];
  readonly ledger?: ApplicationLedger;
}

/** One conditional write: what the lease is afterwards, and how to recognise that the write was done. */
interface Step {
  readonly next: (from: Lease) => Lease;
  readonly change: (next: Lease) => { readonly set: Row; readonly remove?: readonly string[] };
  /** What has to hold in addition to counter and owner. */
  readonly guard: RowCondition;
  readonly isDone: (row: Lease) => boolean;
  readonly mayTry: (row: Lease) => boolean;
}

/** How often a write is tried that failed or may have failed. A write and a read, twice, have to fit into the fail-over time. */
const MAX_ATTEMPTS = 2;
/** Holds unless KCL 3 has promised the lease to another of its workers. */
const NOT_PROMISED: RowCondition = { [ATTRIBUTE.checkpointOwner]: null };
/** How often a scan is repeated because the ledger changed meanwhile. */
const MAX_SCANS = 3;

/**
 * LeaseTable holds the leases of one application: conditional writes on rows, in KCL's schema. Each write of a lease
 * gets the lease as the writer knows it and resolves with the lease as it is then, or with `undefined` when it is no
 * longer the writer's (or was never free to take). After a time-out it is unclear whether the write was done: the
 * row is read again, and a counter that is one higher under the writer's own id means that it was. That needs worker
 * ids which no two live workers share.
 *
 * Calls for one lease must not overlap; others may. Every method rejects with LEASE_TABLE_UNREACHABLE after a
 * bounded number of attempts (it is then unknown whether the write was done, and safe to try again), or with
 * LEASE_TABLE_UNUSABLE.
 */
export class LeaseTable {
  readonly #rows: LeaseRows;

  constructor(rows: LeaseRows) {
    this.#rows = rows;
  }

  /** Creates the table if it is missing, and checks that it is a lease table. */
  prepare(): Promise<void> {
    return this.#rows.prepare();
  }

  close(): void {
    this.#rows.close();
  }

  async scan(): Promise<TableContents> {
    let before = await readLedger(this.#rows);
    for (let scans = 1; ; scans += 1) {
      const rows = await this.#rows.scan();
      const after = await readLedger(this.#rows);
      // A ledger that moves from one row to the other during the scan would be read in both or in neither.
      if (before?.version === after?.version || scans === MAX_SCANS) return contentsOf(rows, after);
      before = after;
    }
  }

  /** Resolves false when the row is there already. */
  create(lease: NewLease): Promise<boolean> {
    return this.#rows.write(lease.shardId, { set: rowOfNewLease(lease), when: { [ATTRIBUTE.key]: null } });
  }

  /** Takes the lease from any owner, if nobody has written it since `known` was read and the shard has not ended. */
  take(known: Lease, owner: string): Promise<Lease | undefined> {
    return this.#apply(known, {
      next: (from) => ({
        ...from,
        owner,
        counter: from.counter + 1,
        ownerSwitches: from.ownerSwitches + (from.owner === undefined || from.owner === owner ? 0 : 1),
      }),
      change: (next) => ({
        set: {
          [ATTRIBUTE.owner]: owner,
          [ATTRIBUTE.counter]: next.counter,
          [ATTRIBUTE.ownerSwitches]: next.ownerSwitches,
        },
        remove: [ATTRIBUTE.checkpointOwner],
      }),
      guard: {},
      isDone: (row) => row.owner === owner,
      mayTry: (row) => row.counter === known.counter && !isEnded(row),
    });
  }

  /** With a watermark, that is saved as well; so it is at a checkpoint. */
  renew(known: Lease, watermarkMs?: number): Promise<Lease | undefined> {
    return this.#apply(known, {
      next: (from) => ({ ...withWatermark(from, watermarkMs), counter: from.counter + 1 }),
      change: (next) => ({ set: { [ATTRIBUTE.counter]: next.counter, ...watermarkOf(next) } }),
      guard: NOT_PROMISED,
      isDone: (row) => row.owner === known.owner,
      mayTry: (row) => row.owner === known.owner,
    });
  }

  /** Leaves the lease, with its checkpoint, free for any worker. */
  release(known: Lease): Promise<Lease | undefined> {
    return this.#apply(known, {
      next: ({ owner: _owner, ...from }) => ({ ...from, counter: from.counter + 1 }),
      change: (next) => ({ set: { [ATTRIBUTE.counter]: next.counter }, remove: [ATTRIBUTE.owner] }),
      guard: NOT_PROMISED,
      isDone: (row) => row.owner === undefined,
      mayTry: (row) => row.owner === known.owner,
    });
  }

  /** At SHARD_END the lease loses its owner: nothing is left to read, and the row is never written again. */
  checkpoint(
    known: Lease,
    progress: ShardProgress,
    ledger: string,
    children: readonly string[] = [],
    watermarkMs?: number,
  ): Promise<Lease | undefined> {
    const at = shardPositionText(progress.at);
    const isEnd = progress.at.kind === 'SHARD_END';
    return this.#apply(known, {
      next: ({ owner, ...from }) => ({
        ...withWatermark(from, watermarkMs),
        ...(isEnd || owner === undefined ? {} : { owner }),
        counter: from.counter + 1,
        checkpoint: progress.at,
        records: progress.records,
        ownerSwitches: 0,
        ledger,
        children: children.length === 0 ? from.children : children,
      }),
      change: (next) => checkpointChange(next),
      guard: NOT_PROMISED,
      isDone: (row) =>
        row.owner === (isEnd ? undefined : known.owner) &&
        row.records === progress.records &&
        row.ledger === ledger &&
        shardPositionText(row.checkpoint) === at,
      mayTry: (row) => row.owner === known.owner && !isEnded(row),
    });
  }

  /** See `carryLedgerForward`. */
  carryLedgerForward(): Promise<void> {
    return carryLedgerForward(this.#rows);
  }

  /** Reads the ledger of the application, or creates it: see `openLedger`. */
  openLedger(firstStart: ShardPosition | undefined, streamCreatedAtMs?: number): Promise<ApplicationLedger> {
    return openLedger(this.#rows, firstStart, streamCreatedAtMs);
  }

  endFirstStart(ledger: ApplicationLedger): Promise<void> {
    return endFirstStart(this.#rows, ledger);
  }

  /** See `noteStream`. */
  noteStream(ledger: ApplicationLedger, streamCreatedAtMs: number): Promise<boolean> {
    return noteStream(this.#rows, ledger, streamCreatedAtMs);
  }

  /**
   * Takes the lease from its owner and moves it to another position, also back from the end, keeping its counts:
   * the row was of a shard with the same id in an earlier stream. Resolves false when somebody has written it since
   * `known` was read.
   */
  reset(known: Lease, to: ShardPosition, parents: readonly string[]): Promise<boolean> {
    const { set, remove } = checkpointChange({
      ...known,
      owner: undefined,
      counter: known.counter + 1,
      checkpoint: to,
      children: [],
    });
    const hasParents = parents.length > 0;
    return this.#rows.write(known.shardId, {
      set: { ...set, ...(hasParents ? { [ATTRIBUTE.parents]: parents } : {}) },
      remove: [
        ...remove,
        ATTRIBUTE.children,
        ATTRIBUTE.checkpointOwner,
        ...(hasParents ? [] : [ATTRIBUTE.parents]),
      ],
      when: { [ATTRIBUTE.counter]: known.counter },
    });
  }

  /** See `compactLease`. */
  compact(shardId: string, merge: MergeLedgers): Promise<boolean> {
    return compactLease(this.#rows, shardId, merge);
  }

  heartbeat(worker: WorkerHeartbeat): Promise<void> {
    return writeHeartbeat(this.#rows, worker);
  }

  removeWorker(worker: WorkerHeartbeat): Promise<void> {
    return removeWorker(this.#rows, worker);
  }

  async #apply(known: Lease, step: Step): Promise<Lease | undefined> {
    if (isEnded(known)) return undefined;
    let from = known;
    let failure: SluiceError | undefined;
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt += 1) {
      const next = step.next(from);
      try {
        const when = {
          [ATTRIBUTE.counter]: from.counter,
          [ATTRIBUTE.owner]: from.owner ?? null,
          ...step.guard,
        };
        if (await this.#rows.write(from.shardId, { ...step.change(next), when })) return next;
      } catch (thrown) {
        if (!(thrown instanceof SluiceError) || !thrown.retryable) throw thrown;
        failure = thrown;
      }
      const row = await this.#rows.get(from.shardId);
      const lease = row === undefined ? undefined : leaseOfRow(row);
      // Only one write can have followed what is known here: our own, perhaps one that was given up long ago.
      if (lease === undefined || lease.counter > from.counter + 1) return undefined;
      if (lease.counter === from.counter + 1 && step.isDone(lease)) return lease;
      if (!step.mayTry(lease)) return undefined;
      from = lease;
    }
    if (failure !== undefined) throw failure;
    return undefined;
  }
}

function withWatermark<T extends Pick<Lease, 'watermarkMs'>>(lease: T, watermarkMs: number | undefined): T {
  return watermarkMs === undefined ? lease : { ...lease, watermarkMs };
}

function watermarkOf({ watermarkMs }: Pick<Lease, 'watermarkMs'>): Row {
  return watermarkMs === undefined ? {} : { [ATTRIBUTE.watermarkMs]: watermarkMs };
}

function checkpointChange(next: Lease): { set: Row; remove: readonly string[] } {
  const remove: string[] = [
    ATTRIBUTE.pendingCheckpoint,
    ATTRIBUTE.pendingSubSequenceNumber,
    ATTRIBUTE.pendingState,
    ATTRIBUTE.oldLedger,
  ];
  if (next.owner === undefined) remove.push(ATTRIBUTE.owner);
  if (next.ledger === '') remove.push(ATTRIBUTE.ledger);
  if (next.checkpoint.kind !== 'AT_TIMESTAMP') remove.push(ATTRIBUTE.timestampMs);
  return {
    set: {
      ...rowOfCheckpoint(next.checkpoint),
      [ATTRIBUTE.counter]: next.counter,
      [ATTRIBUTE.ownerSwitches]: 0,
      [ATTRIBUTE.records]: next.records,
      ...watermarkOf(next),
      ...(next.ledger === '' ? {} : { [ATTRIBUTE.ledger]: next.ledger }),
      ...(next.children.length === 0 ? {} : { [ATTRIBUTE.children]: next.children }),
    },
    remove,
  };
}

function contentsOf(rows: readonly Row[], ledger: ApplicationLedger | undefined): TableContents {
  const leases = new Map<string, Lease>();
  const workers: WorkerHeartbeat[] = [];
  for (const row of rows) {
    const key = row[ATTRIBUTE.key];
    if (key === LEDGER_KEY || key === OLD_LEDGER_KEY) continue;
    const worker = workerOfRow(row);
    const lease = worker === undefined ? leaseOfRow(row) : undefined;
    if (worker !== undefined) workers.push(worker);
    if (lease !== undefined) leases.set(lease.shardId, lease);
  }
  return { leases, workers, ledger };
}
