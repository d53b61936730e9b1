import type { ParkCode } from '../dead-letter/park-codes.js';
import type { LostRecords } from '../stream/stream.js';

/** Fates of records since the data directory was made; saved with the checkpoint, so exact after a crash. */
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

/**
 * Counts each record once, under one fate, where that fate is decided:
 * taken from the stream = written + parked + filtered + lost.
 */
export class Ledger {
  #written: number;
  readonly #parked: Map<string, number>;
  readonly #filtered: Map<string, number>;
  readonly #lost: Map<string, number>;

  constructor(totals?: LedgerTotals) {
    this.#written = totals?.written ?? 0;
    this.#parked = new Map(Object.entries(totals?.parked ?? {}));
    this.#filtered = new Map(Object.entries(totals?.filtered ?? {}));
    this.#lost = new Map(Object.entries(totals?.lost ?? {}));
  }

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

export function summarize(totals: LedgerTotals): LedgerSummary {
  return {
    written: totals.written,
    parked: sum(totals.parked),
    filtered: sum(totals.filtered),
    lost: sum(totals.lost),
  };
}

function increase(counts: Map<string, number>, key: string, by: number): void {
  counts.set(key, (counts.get(key) ?? 0) + by);
}

function sum(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((total, count) => total + count, 0);
}
