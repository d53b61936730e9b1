import type { ParkCode } from '../dead-letter/park-codes.js';
import type { LostRecords } from '../stream/stream.js';

/** Fates of records, counted since the data directory was made (or, for a Kinesis shard, since its first record); saved with the checkpoint, so exact after a crash. */
export interface LedgerTotals {
  readonly written: number;
  readonly parked: Readonly<Record<string, number>>;
  readonly filtered: Readonly<Record<string, number>>;
  readonly lost: Readonly<Record<string, number>>;
}

/** Points have counters of their own: a record may become several, and its fate is one. */
export interface LedgerSummary {
  readonly written: number;
  readonly parked: number;
  readonly filtered: number;
  readonly lost: number;
}

export const NO_RECORDS: LedgerTotals = { written: 0, parked: {}, filtered: {}, lost: {} };

/**
 * Counts each record once, under one fate, where that fate is decided:
 * taken from the stream = written + parked + filtered + lost. One account a partition of the stream.
 */
export class Ledger {
  #base: LedgerTotals;
  readonly #accounts = new Map<string, LedgerAccount>();

  /** `totals`: from the checkpoint, of all partitions together. */
  constructor(totals: LedgerTotals = NO_RECORDS) {
    this.#base = totals;
  }

  /** What this process has decided of one partition since it began. */
  account(partition: string): LedgerAccount {
    let account = this.#accounts.get(partition);
    if (account === undefined) {
      account = new LedgerAccount();
      this.#accounts.set(partition, account);
    }
    return account;
  }

  /** Nothing more will come of this partition: its account goes up in the total. */
  close(partition: string): void {
    const account = this.#accounts.get(partition);
    if (account === undefined) return;
    this.#accounts.delete(partition);
    this.#base = addTotals(this.#base, account.totals());
  }

  /** Of each partition, what this process has decided of it. */
  accounts(): ReadonlyMap<string, LedgerTotals> {
    return new Map([...this.#accounts].map(([partition, account]) => [partition, account.totals()]));
  }

  /** Of all partitions together. */
  totals(): LedgerTotals {
    let totals = this.#base;
    for (const account of this.#accounts.values()) totals = addTotals(totals, account.totals());
    return totals;
  }
}

export class LedgerAccount {
  #written = 0;
  readonly #parked = new Map<string, number>();
  readonly #filtered = new Map<string, number>();
  readonly #lost = new Map<string, number>();

  addWritten(records: number): void {
    this.#written += records;
  }

  addParked(code: ParkCode): void {
    increase(this.#parked, code, 1);
  }

  addFiltered(rule: string, records: number): void {
    increase(this.#filtered, rule, records);
  }

  addLost(lost: LostRecords): void {
    if (lost.damaged > 0) increase(this.#lost, 'damaged', lost.damaged);
    if (lost.dropped > 0) increase(this.#lost, 'dropped', lost.dropped);
  }

  totals(): LedgerTotals {
    return {
      written: this.#written,
      parked: Object.fromEntries(this.#parked),
      filtered: Object.fromEntries(this.#filtered),
      lost: Object.fromEntries(this.#lost),
    };
  }
}

export function addTotals(a: LedgerTotals, b: LedgerTotals): LedgerTotals {
  return {
    written: a.written + b.written,
    parked: addCounts(a.parked, b.parked),
    filtered: addCounts(a.filtered, b.filtered),
    lost: addCounts(a.lost, b.lost),
  };
}

export function summarize(totals: LedgerTotals): LedgerSummary {
  return {
    written: totals.written,
    parked: sum(totals.parked),
    filtered: sum(totals.filtered),
    lost: sum(totals.lost),
  };
}

function addCounts(
  a: Readonly<Record<string, number>>,
  b: Readonly<Record<string, number>>,
): Readonly<Record<string, number>> {
  const counts = new Map(Object.entries(a));
  for (const [key, count] of Object.entries(b)) increase(counts, key, count);
  return Object.fromEntries(counts);
}

function increase(counts: Map<string, number>, key: string, by: number): void {
  counts.set(key, (counts.get(key) ?? 0) + by);
}

function sum(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((total, count) => total + count, 0);
}
