import { PURGED, type ReplayTotals } from '../dead-letter/replay-totals.js';
import { addTotals, type LedgerTotals, NO_RECORDS, type ReaderLedger } from './ledger.js';

/** What replay and purge made of the parked records of one dead-letter folder. */
export interface ReplayedFolder {
  readonly totals: ReplayTotals;
  /**
   * Which ledger counts these records as parked: that of the log's reader, that of this process' Kinesis consumer,
   * or that of another process, which is not shown here.
   */
  readonly ledger: 'log' | 'kinesis' | 'other';
}

/** The ledgers of one process. At least one is there. */
export interface ProcessLedgers {
  /** The ledger of the forwarder: log → Kinesis. */
  readonly forwarded: ReaderLedger | undefined;
  /** The ledger of the consumer: log or Kinesis → store. */
  readonly consumed: ReaderLedger | undefined;
  /** True when the consumer reads the log itself. */
  readonly isDirect: boolean;
}

/**
 * The ledgers with the outcomes that replay and purge have changed since the records were parked. Every change adds up
 * to 0, or to what it adds to `processed`, so a ledger that balanced before balances afterwards.
 */
export function adjustForReplay(
  { forwarded, consumed, isDirect }: ProcessLedgers,
  replayed: readonly ReplayedFolder[],
): { readonly forwarded: ReaderLedger | undefined; readonly consumed: ReaderLedger | undefined } {
  let adjustedForwarded = forwarded;
  let adjustedConsumed = consumed;
  for (const { totals, ledger } of replayed) {
    if (ledger === 'other') continue;
    const isSameReader = ledger === 'kinesis' || isDirect;
    if (ledger === 'log') adjustedForwarded &&= add(adjustedForwarded, 0, sentToStream(totals));
    adjustedConsumed &&= isSameReader
      ? add(adjustedConsumed, 0, reprocessed(totals))
      : add(adjustedConsumed, replayedRecords(totals), { ...NO_RECORDS, ...totals.outcome });
  }
  return { forwarded: adjustedForwarded, consumed: adjustedConsumed };
}

/** The change for a reader that has parked the records and has the store as well. */
function reprocessed(totals: ReplayTotals): LedgerTotals {
  return addTotals(noLongerParked(totals), { ...NO_RECORDS, ...totals.outcome });
}

/** The change for a forwarder: a replayed record counts as if Kinesis had taken it, and its consumer as received. */
function sentToStream(totals: ReplayTotals): LedgerTotals {
  return addTotals(noLongerParked(totals), { ...NO_RECORDS, written: replayedRecords(totals) });
}

function noLongerParked({ replayed, purged }: ReplayTotals): LedgerTotals {
  const purgedRecords = sum(purged);
  const parked: Record<string, number> = purgedRecords === 0 ? {} : { [PURGED]: purgedRecords };
  for (const [code, count] of Object.entries(replayed)) parked[code] = -count;
  for (const [code, count] of Object.entries(purged)) parked[code] = (parked[code] ?? 0) - count;
  return { ...NO_RECORDS, parked };
}

function replayedRecords({ replayed }: ReplayTotals): number {
  return sum(replayed);
}

function add(
  { received, processed, totals }: ReaderLedger,
  records: number,
  change: LedgerTotals,
): ReaderLedger {
  return {
    ...(received === undefined ? {} : { received: received + records }),
    processed: processed + records,
    totals: withoutZeros(addTotals(totals, change)),
  };
}

/** Omits reasons without a record. */
function withoutZeros({ parked, filtered, ...rest }: LedgerTotals): LedgerTotals {
  const nonZero = (counts: Readonly<Record<string, number>>) =>
    Object.fromEntries(Object.entries(counts).filter(([, count]) => count !== 0));
  return { ...rest, parked: nonZero(parked), filtered: nonZero(filtered) };
}

function sum(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((total, count) => total + count, 0);
}
