export type Counts = Readonly<Record<string, number>>;

/**
 * What became of the records of a dead-letter folder that were replayed or purged. A record that was replayed once
 * has left the book of the one who parked it and is counted in `outcome` from then on: the two books can be those of
 * two halves of the path.
 */
export interface SettledTotals {
  /** Replayed for the first time, by the code they were parked under. */
  readonly replayed: Counts;
  /** Purged without having been replayed, by code. */
  readonly purged: Counts;
  /** Of the replayed. `parked`: those parked again, by the newest code; purged since: under `purged`. */
  readonly outcome: { readonly written: number; readonly filtered: Counts; readonly parked: Counts };
}

/** The ledger's reason for a parked record that the operator let go of; no code that a record is parked under. */
export const PURGED = 'purged';

export type SettledFate =
  | { readonly to: 'written' }
  | { readonly to: 'filtered'; readonly rule: string }
  | { readonly to: 'parked'; readonly code: string }
  | { readonly to: 'purged' };

/** Sums up moves. */
export class SettledSums {
  readonly #replayed = new Map<string, number>();
  readonly #purged = new Map<string, number>();
  #written = 0;
  readonly #filtered = new Map<string, number>();
  readonly #parked = new Map<string, number>();

  /** Of a record that was parked under `from`; `wasReplayed`: it is there because a replay parked it again. */
  move(from: string, fate: SettledFate, wasReplayed: boolean): void {
    if (fate.to === 'purged' && !wasReplayed) {
      increase(this.#purged, from, 1);
      return;
    }
    if (wasReplayed) increase(this.#parked, from, -1);
    else increase(this.#replayed, from, 1);
    if (fate.to === 'written') this.#written += 1;
    else if (fate.to === 'filtered') increase(this.#filtered, fate.rule, 1);
    else increase(this.#parked, fate.to === 'purged' ? PURGED : fate.code, 1);
  }

  add({ replayed, purged, outcome }: SettledTotals): void {
    for (const [code, count] of Object.entries(replayed)) increase(this.#replayed, code, count);
    for (const [code, count] of Object.entries(purged)) increase(this.#purged, code, count);
    this.#written += outcome.written;
    for (const [rule, count] of Object.entries(outcome.filtered)) increase(this.#filtered, rule, count);
    for (const [code, count] of Object.entries(outcome.parked)) increase(this.#parked, code, count);
  }

  totals(): SettledTotals {
    return {
      replayed: countsOf(this.#replayed),
      purged: countsOf(this.#purged),
      outcome: {
        written: this.#written,
        filtered: countsOf(this.#filtered),
        parked: countsOf(this.#parked),
      },
    };
  }
}

function increase(counts: Map<string, number>, key: string, by: number): void {
  counts.set(key, (counts.get(key) ?? 0) + by);
}

function countsOf(counts: ReadonlyMap<string, number>): Counts {
  return Object.fromEntries([...counts].filter(([, count]) => count !== 0));
}
