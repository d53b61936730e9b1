/** Records by code or rule. */
export type Counts = Readonly<Record<string, number>>;

/**
 * What replay and purge made of the records of one dead-letter folder. A record that was replayed once no longer counts
 * in the ledger of the reader that parked it; from then on it counts in `outcome`. That can be the ledger of another
 * reader: a replay writes to the store what the forwarder has parked.
 */
export interface ReplayTotals {
  /** Records that were replayed for the first time, by the code they were parked under. */
  readonly replayed: Counts;
  /** Records that were purged and never replayed, by code. */
  readonly purged: Counts;
  /** Records that `drop-oldest` has dropped and that were never replayed, by code; absent in totals of version 0.1. */
  readonly dropped?: Counts;
  /**
   * The outcomes of the replayed records. `parked` has those that were parked again, by their newest code; those that
   * were purged since then are under `purged`.
   */
  readonly outcome: { readonly written: number; readonly filtered: Counts; readonly parked: Counts };
}

/** The reason in the ledger for a parked record that was purged; no record is ever parked under this code. */
export const PURGED = 'purged';

/** The same for a parked record that `consumer.deadLetter.whenFull: drop-oldest` has dropped. */
export const DROPPED = 'dropped';

/** The same for a parked record that can no longer be read: its file was cut, damaged or removed. */
export const UNREADABLE = 'unreadable';

export type ReplayOutcomeKind =
  | { readonly to: 'written' }
  | { readonly to: 'filtered'; readonly rule: string }
  | { readonly to: 'parked'; readonly code: string }
  | { readonly to: 'purged' }
  | { readonly to: 'dropped' };

/** Adds up the lines of journals. */
export class ReplaySums {
  readonly #replayed = new Map<string, number>();
  readonly #purged = new Map<string, number>();
  readonly #dropped = new Map<string, number>();
  #written = 0;
  readonly #filtered = new Map<string, number>();
  readonly #parked = new Map<string, number>();

  /** Counts one record that was parked under `from`. `wasReplayed`: an earlier replay has parked it again. */
  count(from: string, outcome: ReplayOutcomeKind, wasReplayed: boolean): void {
    if ((outcome.to === 'purged' || outcome.to === 'dropped') && !wasReplayed) {
      increase(outcome.to === 'purged' ? this.#purged : this.#dropped, from, 1);
      return;
    }
    if (wasReplayed) increase(this.#parked, from, -1);
    else increase(this.#replayed, from, 1);
    if (outcome.to === 'written') this.#written += 1;
    else if (outcome.to === 'filtered') increase(this.#filtered, outcome.rule, 1);
    else if (outcome.to === 'purged') increase(this.#parked, PURGED, 1);
    else if (outcome.to === 'dropped') increase(this.#parked, DROPPED, 1);
    else increase(this.#parked, outcome.code, 1);
  }

  add({ replayed, purged, dropped = {}, outcome }: ReplayTotals): void {
    for (const [code, count] of Object.entries(replayed)) increase(this.#replayed, code, count);
    for (const [code, count] of Object.entries(purged)) increase(this.#purged, code, count);
    for (const [code, count] of Object.entries(dropped)) increase(this.#dropped, code, count);
    this.#written += outcome.written;
    for (const [rule, count] of Object.entries(outcome.filtered)) increase(this.#filtered, rule, count);
    for (const [code, count] of Object.entries(outcome.parked)) increase(this.#parked, code, count);
  }

  totals(): ReplayTotals {
    return {
      replayed: countsOf(this.#replayed),
      purged: countsOf(this.#purged),
      ...(this.#dropped.size === 0 ? {} : { dropped: countsOf(this.#dropped) }),
      outcome: {
        written: this.#written,
        filtered: countsOf(this.#filtered),
        parked: countsOf(this.#parked),
      },
    };
  }
}

/** The sum of several totals. */
export function sumOfTotals(all: Iterable<ReplayTotals>): ReplayTotals {
  const sums = new ReplaySums();
  for (const totals of all) sums.add(totals);
  return sums.totals();
}

function increase(counts: Map<string, number>, key: string, by: number): void {
  counts.set(key, (counts.get(key) ?? 0) + by);
}

function countsOf(counts: ReadonlyMap<string, number>): Counts {
  return Object.fromEntries([...counts].filter(([, count]) => count !== 0));
}
