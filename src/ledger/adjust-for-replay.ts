import { type Counts, DROPPED, PURGED, type ReplayTotals, UNREADABLE } from '../dead-letter/replay-totals.js';
import { addTotals, type LedgerTotals, NO_RECORDS, type ReaderLedger } from './ledger.js';

/** What replay and purge made of the parked records of one dead-letter folder. */
export interface ReplayedFolder {
  readonly totals: ReplayTotals;
  /**
   * Which ledger counts these records as parked: that of the log's reader, that of this process' Kinesis consumer,
   * or that of another process, which is not shown here.
   */
  readonly ledger: 'log' | 'kinesis' | 'other';
  /**
   * Records that are parked in the ledger, were never replayed and can no longer be read, by the code they were parked
   * under. A code can be below zero: damage to a journal hides under which code a record is parked.
   */
  readonly unreadable?: Counts;
  /** The records of this folder are kept without their payload. */
  readonly isWithoutPayload?: boolean;
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
  for (const { totals: counted, ledger, unreadable = {}, isWithoutPayload = false } of replayed) {
    if (ledger === 'other') continue;
    const totals = { ...counted, unreadable, isWithoutPayload };
    const isSameReader = ledger === 'kinesis' || isDirect;
    if (ledger === 'log') adjustedForwarded &&= add(adjustedForwarded, 0, sentToStream(totals));
    adjustedConsumed &&= isSameReader
      ? add(adjustedConsumed, 0, reprocessed(totals))
      : add(adjustedConsumed, replayedRecords(totals), { ...NO_RECORDS, ...totals.outcome });
  }
  return { forwarded: adjustedForwarded, consumed: adjustedConsumed };
}

type FolderChange = ReplayTotals & {
  readonly unreadable: Counts;
  readonly isWithoutPayload: boolean;
};

/** The change for a reader that has parked the records and has the store as well. */
function reprocessed(change: FolderChange): LedgerTotals {
  return addTotals(noLongerParked(change), { ...NO_RECORDS, ...change.outcome });
}

/** The change for a forwarder: a replayed record counts as if Kinesis had taken it, and its consumer as received. */
function sentToStream(change: FolderChange): LedgerTotals {
  return addTotals(noLongerParked(change), { ...NO_RECORDS, written: replayedRecords(change) });
}

function noLongerParked({
  replayed,
  purged,
  dropped = {},
  unreadable,
  isWithoutPayload,
}: FolderChange): LedgerTotals {
  const parked: Record<string, number> = {};
  const move = (counts: Counts, to?: string) => {
    for (const [code, count] of Object.entries(counts)) {
      parked[code] = (parked[code] ?? 0) - count;
      if (to !== undefined) parked[to] = (parked[to] ?? 0) + count;
    }
  };
  move(replayed);
  move(purged, PURGED);
  move(dropped, DROPPED);
  move(unreadable, UNREADABLE);
  return { ...NO_RECORDS, parked, ...(isWithoutPayload ? { withoutPayload: negative(purged) } : {}) };
}

function negative(counts: Counts): Counts {
  return Object.fromEntries(Object.entries(counts).map(([code, count]) => [code, -count]));
}

function replayedRecords({ replayed }: FolderChange): number {
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
function withoutZeros({ parked, filtered, withoutPayload, ...rest }: LedgerTotals): LedgerTotals {
  const nonZero = (counts: Readonly<Record<string, number>>) =>
    Object.fromEntries(Object.entries(counts).filter(([, count]) => count !== 0));
  return {
    ...rest,
    parked: nonZero(parked),
    filtered: nonZero(filtered),
    ...(withoutPayload === undefined ? {} : { withoutPayload: nonZero(withoutPayload) }),
  };
}

function sum(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((total, count) => total + count, 0);
}
