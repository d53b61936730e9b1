import type { BalanceLease, BalanceWorker } from './balance.js';
import type { Lease } from './lease.js';
import type { TableContents } from './lease-table.js';
import { isStartable } from './lineage.js';
import { Sightings } from './sightings.js';
import type { WorkerBeat } from './worker-row.js';

export interface LeaseViewOptions {
  readonly me: string;
  readonly failoverMs: number;
  readonly renewMs: number;
}

/** A worker that was killed leaves its row behind; after so many fail-over times somebody clears it away. */
const FORGET_AFTER_FAILOVERS = 10;

/** What one worker knows of the table: the last scan, its own writes since, and for how long others have been still. */
export class LeaseView {
  readonly #options: LeaseViewOptions;
  readonly #counters: Sightings;
  readonly #takeable: Sightings;
  /** Own writes since the scan under way began: the scan may have read the rows before. */
  readonly #written = new Map<string, Lease>();
  #leases = new Map<string, Lease>();
  #contents: TableContents = { leases: this.#leases, workers: [] };
  #gone: ReadonlySet<string> = new Set();
  #scannedAtMs: number | undefined;

  constructor(options: LeaseViewOptions) {
    this.#options = options;
    this.#counters = new Sightings(2 * options.renewMs);
    this.#takeable = new Sightings(2 * options.renewMs);
  }

  get leases(): ReadonlyMap<string, Lease> {
    return this.#leases;
  }

  get account(): TableContents['account'] {
    return this.#contents.account;
  }

  /** Absent before the first. */
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
    this.#counters.look(counters, nowMs);
    const takeable = [...this.#leases.values()].filter((lease) => this.#isTakeable(lease));
    this.#takeable.look(new Map(takeable.map(({ shardId, counter }) => [shardId, counter])), nowMs);
  }

  /** Own writes, and what they resolved with. */
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

  /** Those that can be read now. `held`: read by this process, whatever the row says. */
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

  /** Those that show signs of life, beside `me`. */
  otherWorkers(): readonly BalanceWorker[] {
    const { me, failoverMs, renewMs } = this.#options;
    const expired = new Set<string>();
    for (const lease of this.#leases.values()) {
      if (lease.owner !== undefined && this.#isExpired(lease)) expired.add(lease.owner);
    }
    return this.#contents.workers.filter(({ workerId }) => {
      const ageMs = this.#counters.ageMs(`worker ${workerId}`);
      // Its leases and its row stop moving at the same time, but may come of age one scan apart.
      const isSilent = ageMs >= failoverMs || (ageMs > 2 * renewMs && expired.has(workerId));
      return workerId !== me && !isSilent;
    });
  }

  forgottenWorkers(): readonly WorkerBeat[] {
    const limitMs = FORGET_AFTER_FAILOVERS * this.#options.failoverMs;
    return this.#contents.workers.filter(
      ({ workerId }) =>
        workerId !== this.#options.me && this.#counters.ageMs(`worker ${workerId}`) >= limitMs,
    );
  }

  /** How long until the first lease of another comes of age, if it stays still; Infinity when none can. */
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

  /** A row in our own name that this process does not hold is what it lost in an outage, or had before a restart. */
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
