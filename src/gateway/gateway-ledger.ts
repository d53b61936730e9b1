import type { LedgerCounts, LedgerView } from '../http/gateway-view.js';
import { adjustForReplay } from '../ledger/adjust-for-replay.js';
import { addTotals, type LedgerTotals, NO_RECORDS, type ReaderLedger, summarize } from '../ledger/ledger.js';
import type { ConsumeReport } from '../pipeline/consume-protocol.js';
import type { ForwardReport } from '../pipeline/forward-protocol.js';

/**
 * Makes the ledger of this process. `stored` is how many records the log has taken, all of which its reader has received
 * or will receive; `dropped` is how many of them the log has dropped before its reader came to them. `stored` is counted apart from the outcomes, so `balanced` compares two counts and is not a definition.
 */
export function ledgerView(
  stored: number,
  forward: Pick<ForwardReport, 'ledger' | 'replay'> | undefined,
  consume: Pick<ConsumeReport, 'ledger' | 'replay' | 'kinesis'> | undefined,
  dropped = 0,
): LedgerView {
  const isDirect = consume !== undefined && consume.kinesis === undefined;
  const ledgers = {
    forwarded: forward && withDropped(forward.ledger, dropped),
    consumed: isDirect ? withDropped(consume.ledger, dropped) : consume?.ledger,
    isDirect,
  };
  // Only one worker of a process replays: the one with the store if there is one.
  const { forwarded, consumed } = adjustForReplay(ledgers, (consume ?? forward)?.replay?.replayed ?? []);
  if (forwarded === undefined) return ledgerCounts(consumed ?? NOTHING_PROCESSED, stored);
  if (consumed === undefined) return ledgerCounts(forwarded, stored);
  const ingest = ledgerCounts(forwarded, stored);
  const consumer = ledgerCounts(consumed, stored);
  const parts = { ingest, consume: consumer };
  return { ...combinedLedger(ingest, consumer), parts, books: parts };
}

/**
 * Counts at once what the log has dropped: its reader does so only when it comes to that place, which a store that is down
 * delays.
 */
function withDropped(ledger: ReaderLedger, dropped: number): ReaderLedger {
  const { lost } = ledger.totals;
  const uncounted = dropped - (lost.dropped ?? 0);
  if (uncounted <= 0) return ledger;
  return {
    ...ledger,
    processed: ledger.processed + uncounted,
    totals: { ...ledger.totals, lost: { ...lost, dropped } },
  };
}

/** While no worker has reported yet. */
const NOTHING_PROCESSED: ReaderLedger = { processed: 0, totals: NO_RECORDS };

function ledgerCounts(ledger: ReaderLedger, stored: number): LedgerCounts {
  const { processed, totals } = ledger;
  const received = ledger.received ?? stored;
  const sums = summarize(totals);
  return {
    received,
    ...sums,
    parkedWithoutPayload: sum(totals.withoutPayload ?? {}),
    ...onlyCounted(sum(totals.onlyCounted ?? {})),
    buffered: received - processed,
    balanced: sums.written + sums.parked + sums.filtered + sums.lost === processed,
    reasons: reasonsOf(totals),
  };
}

/**
 * Combines both halves to one path. Between them is the stream: records that were forwarded and not yet received count as
 * buffered. Records received beyond those (sent twice after a crash, or by other gateways) count as received again. This
 * is exact while the process is the only gateway and the only consumer of the stream.
 */
function combinedLedger(ingest: LedgerCounts, consume: LedgerCounts): LedgerCounts {
  const between = ingest.written - consume.received;
  const { written, filtered } = consume;
  return {
    received: ingest.received + Math.max(0, -between),
    written,
    parked: ingest.parked + consume.parked,
    parkedWithoutPayload: (ingest.parkedWithoutPayload ?? 0) + (consume.parkedWithoutPayload ?? 0),
    ...onlyCounted((ingest.parkedOnlyCounted ?? 0) + (consume.parkedOnlyCounted ?? 0)),
    filtered: ingest.filtered + filtered,
    buffered: ingest.buffered + Math.max(0, between) + consume.buffered,
    lost: ingest.lost + consume.lost,
    balanced: ingest.balanced && consume.balanced,
    reasons: reasonsOf(addTotals(totalsOf(ingest), totalsOf(consume))),
  };
}

function totalsOf({ reasons }: LedgerCounts): LedgerTotals {
  const { parkedWithoutPayload: withoutPayload, ...rest } = reasons;
  return { ...NO_RECORDS, ...rest, withoutPayload };
}

function reasonsOf({ parked, filtered, lost, withoutPayload = {} }: LedgerTotals): LedgerCounts['reasons'] {
  const isNone = Object.keys(withoutPayload).length === 0;
  return { parked, filtered, lost, ...(isNone ? {} : { parkedWithoutPayload: withoutPayload }) };
}

function onlyCounted(records: number): Pick<LedgerCounts, 'parkedOnlyCounted'> {
  return records === 0 ? {} : { parkedOnlyCounted: records };
}

function sum(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((total, count) => total + count, 0);
}
