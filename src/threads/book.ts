import type { LedgerTotals } from '../books/ledger.js';

/** The books of one reader of a stream, as it knows them. */
export interface Book {
  /** Records it has taken up; absent where only the stream's other end knows, as for the log. */
  readonly received?: number;
  /** Records whose fate is decided, counted by the position and apart from the fates. */
  readonly decided: number;
  readonly fates: LedgerTotals;
}
