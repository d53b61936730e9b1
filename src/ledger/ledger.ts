import type { ParkCode } from '../dead-letter/park-codes.js';
import type { Keeping } from '../dead-letter/payload-keeping.js';
import type { LostRecords } from '../stream/stream.js';

/**
 * How many records had which outcome, counted since the data directory was made (for a Kinesis shard: since its first
 * record). The totals are saved with the checkpoint and so are exact after a crash.
 */
export interface LedgerTotals {
  readonly written: number;
  readonly parked: Readonly<Record<string, number>>;
  readonly filtered: Readonly<Record<string, number>>;
  readonly lost: Readonly<Record<string, number>>;
  /** Of the parked records, those whose payload is not kept, by code. Absent when there are none, and in version 0.1. */
  readonly withoutPayload?: Readonly<Record<string, number>>;
  /** Of those, the records of which nothing is on disk but this count, by code. */
  readonly onlyCounted?: Readonly<Record<string, number>>;
}

/** The outcomes as four sums. Points are counted elsewhere: a record has one outcome and may become several points. */
export interface LedgerSummary {
  readonly written: number;
  readonly parked: number;
  readonly filtered: number;
  readonly lost: number;
}

/** The ledger of one reader of a stream. */
export interface ReaderLedger {
  /** Records it has received; absent where only the writer of the stream counts them, as for the log. */
  readonly received?: number;
  /** Records with an outcome, derived from the reader's position and not from `totals`, so that the two can be compared. */
  readonly processed: number;
  readonly totals: LedgerTotals;
}

export const NO_RECORDS: LedgerTotals = { written: 0, parked: {}, filtered: {}, lost: {} };

/**
 * Counts each record once, under one outcome, where that outcome is decided:
 * taken from the stream = written + parked + filtered + lost. Each partition of the stream has a ledger of its own.
 */
export class Ledger {
  #base: LedgerTotals;
  readonly #partitions = new Map<string, PartitionLedger>();

  /** `totals`: those of the checkpoint, for all partitions together. */
  constructor(totals: LedgerTotals = NO_RECORDS) {
    this.#base = totals;
  }

  /** The ledger of one partition since this process began to read it. */
  partition(partition: string): PartitionLedger {
    let ledger = this.#partitions.get(partition);
    if (ledger === undefined) {
      ledger = new PartitionLedger();
      this.#partitions.set(partition, ledger);
    }
    return ledger;
  }

  /** Nothing more will come from this partition: its counts are added to the common total. */
  close(partition: string): void {
    const ledger = this.#partitions.get(partition);
    if (ledger === undefined) return;
    this.#partitions.delete(partition);
    this.#base = addTotals(this.#base, ledger.totals());
  }

  /** The totals of each partition since this process began to read it. */
  partitions(): ReadonlyMap<string, LedgerTotals> {
    return new Map([...this.#partitions].map(([partition, ledger]) => [partition, ledger.totals()]));
  }

  /** The totals of all partitions together. */
  totals(): LedgerTotals {
    let totals = this.#base;
    for (const ledger of this.#partitions.values()) totals = addTotals(totals, ledger.totals());
    return totals;
  }
}

export class PartitionLedger {
  #written = 0;
  readonly #parked = new Map<string, number>();
  readonly #filtered = new Map<string, number>();
  readonly #lost = new Map<string, number>();
  readonly #withoutPayload = new Map<string, number>();
  readonly #onlyCounted = new Map<string, number>();

  addWritten(records: number): void {
    this.#written += records;
  }

  addParked(code: ParkCode, keeping: Keeping = 'whole'): void {
    increase(this.#parked, code, 1);
    if (keeping === 'whole') return;
    increase(this.#withoutPayload, code, 1);
    if (keeping === 'counted') increase(this.#onlyCounted, code, 1);
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
      ...optional('withoutPayload', Object.fromEntries(this.#withoutPayload)),
      ...optional('onlyCounted', Object.fromEntries(this.#onlyCounted)),
    };
  }
}

export function addTotals(a: LedgerTotals, b: LedgerTotals): LedgerTotals {
  return {
    written: a.written + b.written,
    parked: addCounts(a.parked, b.parked),
    filtered: addCounts(a.filtered, b.filtered),
    lost: addCounts(a.lost, b.lost),
    ...optional('withoutPayload', addCounts(a.withoutPayload ?? {}, b.withoutPayload ?? {})),
    ...optional('onlyCounted', addCounts(a.onlyCounted ?? {}, b.onlyCounted ?? {})),
  };
}

function optional(
  key: 'withoutPayload' | 'onlyCounted',
  counts: Readonly<Record<string, number>>,
): Partial<LedgerTotals> {
  return Object.keys(counts).length === 0 ? {} : { [key]: counts };
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
