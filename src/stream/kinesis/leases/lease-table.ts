import { SluiceError } from '../../../errors.js';
import { type ShardPosition, type ShardProgress, shardPositionText } from '../shard-position.js';
import {
  ACCOUNT_KEY,
  type ApplicationAccount,
  endFirstStart,
  foldLease,
  openAccount,
  readAccount,
} from './application-account.js';
import { isEnded, type Lease, type MergeBooks, type NewLease } from './lease.js';
import { ATTRIBUTE, leaseOfRow, rowOfCheckpoint, rowOfNewLease } from './lease-row.js';
import type { LeaseRows, Row, RowCondition } from './lease-rows.js';
import { removeWorker, type WorkerBeat, workerOfRow, writeBeat } from './worker-row.js';

/** Everything in the table, with the account as of the whole reading: no ledger is in it twice or not at all. */
export interface TableContents {
  readonly leases: ReadonlyMap<string, Lease>;
  readonly workers: readonly WorkerBeat[];
  readonly account?: ApplicationAccount;
}

/** One conditional write: what it makes of a lease, and how to recognise that it was done. */
interface Step {
  readonly next: (from: Lease) => Lease;
  readonly change: (next: Lease) => { readonly set: Row; readonly remove?: readonly string[] };
  /** Beside counter and owner. */
  readonly guard: RowCondition;
  readonly isDone: (row: Lease) => boolean;
  readonly mayTry: (row: Lease) => boolean;
}

/** Of a write that failed or may have failed. Twice a write and a read have to fit into the fail-over time. */
const MAX_ATTEMPTS = 2;
/** KCL 3 has not promised the lease to another of its workers. */
const NOT_PROMISED: RowCondition = { [ATTRIBUTE.checkpointOwner]: null };
/** How often a scan is repeated because the account changed meanwhile. */
const MAX_SCANS = 3;

/**
 * The leases of one application: conditional writes on rows, in KCL's schema. Each write of a lease names the
 * lease as the writer knows it and resolves with what it is then, or `undefined` when it is no longer the writer's
 * (or was never free to take). A time-out is unclear: the row is read again, and a counter that is one higher
 * in the writer's own name means that the write was done. That needs worker ids which no two live workers share.
 *
 * Calls of one lease must not overlap; others may. Every method rejects with LEASE_TABLE_UNREACHABLE after a
 * bounded number of attempts (nothing is then known of the write, and it is safe to try again), or with
 * LEASE_TABLE_UNUSABLE.
 */
export class LeaseTable {
  readonly #rows: LeaseRows;

  constructor(rows: LeaseRows) {
    this.#rows = rows;
  }

  /** Creates the table if it is missing and checks that it is one of leases. */
  prepare(): Promise<void> {
    return this.#rows.prepare();
  }

  close(): void {
    this.#rows.close();
  }

  async scan(): Promise<TableContents> {
    let before = await readAccount(this.#rows);
    for (let scans = 1; ; scans += 1) {
      const rows = await this.#rows.scan();
      const after = await readAccount(this.#rows);
      // A ledger that moves between two rows while they are read would be seen in both or in none.
      if (before?.version === after?.version || scans === MAX_SCANS) return contentsOf(rows, after);
      before = after;
    }
  }

  /** False when the row is there already. */
  create(lease: NewLease): Promise<boolean> {
    return this.#rows.write(lease.shardId, { set: rowOfNewLease(lease), when: { [ATTRIBUTE.key]: null } });
  }

  /** From whomever, if nobody has written it since `known` was read. Not for a shard that has ended. */
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

  renew(known: Lease): Promise<Lease | undefined> {
    return this.#apply(known, {
      next: (from) => ({ ...from, counter: from.counter + 1 }),
      change: (next) => ({ set: { [ATTRIBUTE.counter]: next.counter } }),
      guard: NOT_PROMISED,
      isDone: (row) => row.owner === known.owner,
      mayTry: (row) => row.owner === known.owner,
    });
  }

  /** Free for anyone, at its checkpoint. */
  release(known: Lease): Promise<Lease | undefined> {
    return this.#apply(known, {
      next: ({ owner: _owner, ...from }) => ({ ...from, counter: from.counter + 1 }),
      change: (next) => ({ set: { [ATTRIBUTE.counter]: next.counter }, remove: [ATTRIBUTE.owner] }),
      guard: NOT_PROMISED,
      isDone: (row) => row.owner === undefined,
      mayTry: (row) => row.owner === known.owner,
    });
  }

  /** With SHARD_END the lease has no owner any more: nothing is left to read, and the row is never written again. */
  checkpoint(
    known: Lease,
    progress: ShardProgress,
    books: string,
    children: readonly string[] = [],
  ): Promise<Lease | undefined> {
    const at = shardPositionText(progress.at);
    const isEnd = progress.at.kind === 'SHARD_END';
    return this.#apply(known, {
      next: ({ owner, ...from }) => ({
        ...from,
        ...(isEnd || owner === undefined ? {} : { owner }),
        counter: from.counter + 1,
        checkpoint: progress.at,
        records: progress.records,
        ownerSwitches: 0,
        books,
        children: children.length === 0 ? from.children : children,
      }),
      change: (next) => checkpointChange(next),
      guard: NOT_PROMISED,
      isDone: (row) =>
        row.owner === (isEnd ? undefined : known.owner) &&
        row.records === progress.records &&
        row.books === books &&
        shardPositionText(row.checkpoint) === at,
      mayTry: (row) => row.owner === known.owner && !isEnded(row),
    });
  }

  /** The account of the application; creates it with `firstStart`, or without while there are leases already. */
  openAccount(firstStart: ShardPosition | undefined): Promise<ApplicationAccount> {
    return openAccount(this.#rows, firstStart);
  }

  endFirstStart(account: ApplicationAccount): Promise<void> {
    return endFirstStart(this.#rows, account);
  }

  /** See `foldLease`. */
  fold(shardId: string, merge: MergeBooks): Promise<boolean> {
    return foldLease(this.#rows, shardId, merge);
  }

  beat(worker: WorkerBeat): Promise<void> {
    return writeBeat(this.#rows, worker);
  }

  removeWorker(worker: WorkerBeat): Promise<void> {
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
      // Only one write can have followed what is known here: ours, perhaps one that was given up long ago.
      if (lease === undefined || lease.counter > from.counter + 1) return undefined;
      if (lease.counter === from.counter + 1 && step.isDone(lease)) return lease;
      if (!step.mayTry(lease)) return undefined;
      from = lease;
    }
    if (failure !== undefined) throw failure;
    return undefined;
  }
}

function checkpointChange(next: Lease): { set: Row; remove: readonly string[] } {
  const remove: string[] = [
    ATTRIBUTE.pendingCheckpoint,
    ATTRIBUTE.pendingSubSequenceNumber,
    ATTRIBUTE.pendingState,
  ];
  if (next.owner === undefined) remove.push(ATTRIBUTE.owner);
  if (next.books === '') remove.push(ATTRIBUTE.books);
  if (next.checkpoint.kind !== 'AT_TIMESTAMP') remove.push(ATTRIBUTE.timestampMs);
  return {
    set: {
      ...rowOfCheckpoint(next.checkpoint),
      [ATTRIBUTE.counter]: next.counter,
      [ATTRIBUTE.ownerSwitches]: 0,
      [ATTRIBUTE.records]: next.records,
      ...(next.books === '' ? {} : { [ATTRIBUTE.books]: next.books }),
      ...(next.children.length === 0 ? {} : { [ATTRIBUTE.children]: next.children }),
    },
    remove,
  };
}

function contentsOf(rows: readonly Row[], account: ApplicationAccount | undefined): TableContents {
  const leases = new Map<string, Lease>();
  const workers: WorkerBeat[] = [];
  for (const row of rows) {
    if (row[ATTRIBUTE.key] === ACCOUNT_KEY) continue;
    const worker = workerOfRow(row);
    const lease = worker === undefined ? leaseOfRow(row) : undefined;
    if (worker !== undefined) workers.push(worker);
    if (lease !== undefined) leases.set(lease.shardId, lease);
  }
  return { leases, workers, ...(account === undefined ? {} : { account }) };
}
