import type { SettledTotals } from '../dead-letter/settled-totals.js';
import { PURGED } from '../dead-letter/settled-totals.js';
import { addTotals, type LedgerTotals, NO_RECORDS } from './ledger.js';

/** Changes of books by replay and purge. Each sums up to nothing, or to what it adds to `taken`: books stay balanced. */

/** Of a book that both parked the records and has the store. */
export function movedWithin(totals: SettledTotals): LedgerTotals {
  return addTotals(leftParked(totals), { ...NO_RECORDS, ...totals.outcome });
}

/** Of a forwarder's book: what was replayed has gone on, as if Kinesis had taken it. */
export function movedOn(totals: SettledTotals): LedgerTotals {
  return addTotals(leftParked(totals), { ...NO_RECORDS, written: replayedRecords(totals) });
}

/** Of the book behind it: taken up and decided, as if it had come out of Kinesis. */
export function movedIn(totals: SettledTotals): { readonly taken: number; readonly fates: LedgerTotals } {
  return { taken: replayedRecords(totals), fates: { ...NO_RECORDS, ...totals.outcome } };
}

function leftParked({ replayed, purged }: SettledTotals): LedgerTotals {
  const letGo = sum(purged);
  const parked: Record<string, number> = letGo === 0 ? {} : { [PURGED]: letGo };
  for (const [code, count] of Object.entries(replayed)) parked[code] = -count;
  for (const [code, count] of Object.entries(purged)) parked[code] = (parked[code] ?? 0) - count;
  return { ...NO_RECORDS, parked };
}

function replayedRecords({ replayed }: SettledTotals): number {
  return sum(replayed);
}

function sum(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((total, count) => total + count, 0);
}
