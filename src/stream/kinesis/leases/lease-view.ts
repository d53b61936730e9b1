import type { ApplicationLedger } from './application-ledger.js';
import type { BalanceLease, BalanceWorker } from './balance.js';
import { isStartable, type Lease } from './lease.js';
import type { WorkerHeartbeat } from './lease-row.js';
import type { TableContents } from './lease-table.js';

export interface LeaseViewOptions {
  readonly me: string;
  readonly failoverMs: number;
  readonly renewMs: number;
}

/** A worker that was killed leaves its heartbeat row behind; after this many fail-over times another worker removes it. */
const REMOVE_AFTER_FAILOVERS = 10;

/**
 * LeaseView is what one worker knows of the table: the last scan, its own writes since, and for how long the counters
 * of others have not moved.
 */
export class LeaseView {
  readonly #options: LeaseViewOptions;
  readonly #counters: Liveness;
  readonly #takeable: Liveness;
  /** Own writes since the present scan began, which may have read those rows before they were written. */
  readonly #written = new Map<string, Lease>();
  #leases = new Map<string, Lease>();
  #contents: TableContents = { leases: this.#leases, workers: [] };
  #gone: ReadonlySet<string> = new Set();
  #scannedAtMs: number | undefined;

  constructor(options: LeaseViewOptions) {
    this.#options = options;
    this.#counters = new Liveness(2 * options.renewMs);
    this.#takeable = new Liveness(2 * options.renewMs);
  }

  get leases(): ReadonlyMap<string, Lease> {
    return this.#leases;
  }

  get ledger(): ApplicationLedger | undefined {
    return this.#contents.ledger;
  }

  /** Returns undefined before the first scan. */
  get scannedAtMs(): number | undefined {
    return this.#scannedAtMs;
  }

  beginScan(): void {
    this.#written.clear();
  }

  endScan(contents: TableContents, nowMs: number): void {
    this.#contents = contents;
    this.#leases = new Map(contents.leases);
    this.#scannedAtMs = nowMs;
    for (const lease of this.#written.values()) this.#keepNewer(lease);
    const counters = new Map<string, number>();
    for (const { shardId, counter } of this.#leases.values()) counters.set(`lease ${shardId}`, counter);
    for (const { workerId, heartbeat } of contents.workers) counters.set(`worker ${workerId}`, heartbeat);
    this.#counters.observe(counters, nowMs);
    const takeable = [...this.#leases.values()].filter((lease) => this.#isTakeable(lease));
    this.#takeable.observe(new Map(takeable.map(({ shardId, counter }) => [shardId, counter])), nowMs);
  }

  /** Takes in what a write of this worker has resolved with. */
  wrote(lease: Lease): void {
    this.#written.set(lease.shardId, lease);
    this.#keepNewer(lease);
  }

  synced(gone: ReadonlySet<string>): void {
    this.#gone = gone;
  }

  isStartable(lease: Lease): boolean {
    return isStartable(lease, this.#leases, this.#gone);
  }

  /** Returns the leases of shards that can be read now. `held` are read by this process, whatever their rows contain. */
  balanceLeases(held: ReadonlySet<string>): readonly BalanceLease[] {
    const { me, failoverMs } = this.#options;
    const all: BalanceLease[] = [];
    for (const lease of this.#leases.values()) {
      const { shardId } = lease;
      if (held.has(shardId)) all.push({ shardId, reader: me, isNeglected: false });
      else if (this.#isTakeable(lease)) {
        all.push({ shardId, isNeglected: this.#takeable.ageMs(shardId) >= failoverMs });
      } else if (lease.owner !== undefined && this.isStartable(lease)) {
        all.push({ shardId, reader: lease.owner, isNeglected: false });
      }
    }
    return all;
  }

  /** Returns the live workers other than `me`. */
  otherWorkers(): readonly BalanceWorker[] {
    const { me, failoverMs, renewMs } = this.#options;
    const expired = new Set<string>();
    for (const lease of this.#leases.values()) {
      if (lease.owner !== undefined && this.#isExpired(lease)) expired.add(lease.owner);
    }
    return this.#contents.workers.filter(({ workerId }) => {
      const ageMs = this.#counters.ageMs(`worker ${workerId}`);
      // The leases and the heartbeat of a worker stop at the same time, but may expire one scan apart.
      const isDead = ageMs >= failoverMs || (ageMs > 2 * renewMs && expired.has(workerId));
      return workerId !== me && !isDead;
    });
  }

  /** Returns the workers that have been dead for so long that their heartbeat rows can be removed. */
  longDeadWorkers(): readonly WorkerHeartbeat[] {
    const limitMs = REMOVE_AFTER_FAILOVERS * this.#options.failoverMs;
    return this.#contents.workers.filter(
      ({ workerId }) =>
        workerId !== this.#options.me && this.#counters.ageMs(`worker ${workerId}`) >= limitMs,
    );
  }

  /** Returns how long until the first lease of another worker expires, if nobody renews it; Infinity when none can. */
  nextExpiryInMs(): number {
    const { me, failoverMs } = this.#options;
    let nextMs = Number.POSITIVE_INFINITY;
    for (const lease of this.#leases.values()) {
      if (lease.owner === undefined || lease.owner === me || !this.isStartable(lease)) continue;
      const leftMs = failoverMs - this.#counters.ageMs(`lease ${lease.shardId}`);
      if (leftMs > 0) nextMs = Math.min(nextMs, leftMs);
    }
    return nextMs;
  }

  /** A row that names this worker, though the process does not hold it, was lost in an outage or held before a restart. */
  #isTakeable(lease: Lease): boolean {
    const isFree = lease.owner === undefined || lease.owner === this.#options.me || this.#isExpired(lease);
    return isFree && this.isStartable(lease);
  }

  #isExpired({ shardId }: Lease): boolean {
    return this.#counters.ageMs(`lease ${shardId}`) >= this.#options.failoverMs;
  }

  #keepNewer(lease: Lease): void {
    const known = this.#leases.get(lease.shardId);
    if (known === undefined || known.counter < lease.counter) this.#leases.set(lease.shardId, lease);
  }
}

interface ObservedValue {
  value: string | number;
  /** For how long it has been observed without a change. */
  ageMs: number;
}

/**
 * Liveness measures for how long counters have not moved, on the monotonic clock of this process: no clock is compared
 * with another. Between two observations at most `maxGapMs` counts. Otherwise, after an outage of the table or a
 * pause of this process, the counters of all workers would seem old at once; so the others get time to move theirs.
 */
export class Liveness {
  readonly #maxGapMs: number;
  readonly #observed = new Map<string, ObservedValue>();
  #observedAtMs: number | undefined;

  constructor(maxGapMs: number) {
    this.#maxGapMs = maxGapMs;
  }

  /** Forgets what is not in `values` any more. `nowMs` is when the answer arrived, not when the request was sent. */
  observe(values: ReadonlyMap<string, string | number>, nowMs: number): void {
    const gapMs = Math.min(nowMs - (this.#observedAtMs ?? nowMs), this.#maxGapMs);
    this.#observedAtMs = nowMs;
    for (const key of this.#observed.keys()) {
      if (!values.has(key)) this.#observed.delete(key);
    }
    for (const [key, value] of values) {
      const known = this.#observed.get(key);
      if (known?.value === value) known.ageMs += gapMs;
      else this.#observed.set(key, { value, ageMs: 0 });
    }
  }

  /** Returns the age at the last observation; 0 for a key that was not in it. */
  ageMs(key: string): number {
    return this.#observed.get(key)?.ageMs ?? 0;
  }
}
