import { addTotals, type LedgerTotals } from '../ledger/ledger.js';
import type { StoredSample } from '../timeline/best-rate.js';
import type { StatusParts } from './status-parts.js';

/** The counters behind the rates of the live page, by stage: those that run in this process. */
export function stageTotals({
  ingest,
  workers,
}: Pick<StatusParts, 'ingest' | 'workers'>): Record<string, number> {
  const totals: Record<string, number> = {};
  if (ingest !== undefined) {
    totals.broker = ingest.broker.counters().packetsAccepted;
    totals.log = ingest.log.counters().recordsAppended;
  }
  const { forward, consume } = workers;
  if (forward !== undefined) totals.producer = forward.report.counters.recordsSent;
  if (consume === undefined) return totals;
  const { kinesis, consumer, sink, windows } = consume.report;
  if (kinesis !== undefined) totals.reader = kinesis.counters.recordsRead;
  totals.consumer = consumer.recordsRead;
  totals.sink = sink.pointsWritten;
  if (windows !== undefined) {
    const rows = windows.aggregates.flatMap(({ resolutions }) => resolutions.map((of) => of.rowsWritten));
    totals.windows = rows.reduce((sum, count) => sum + count, 0);
  }
  return totals;
}

/** The counters behind the best rate at which records were stored. */
export function storedSample(
  { workers }: Pick<StatusParts, 'workers'>,
  processed: number,
  atMs: number,
): StoredSample {
  const { consume, forward } = workers;
  if (consume === undefined)
    return { atMs, processed, busyMs: 0, retries: forward?.report.counters.retried ?? 0 };
  const { sink, consumer, kinesis } = consume.report;
  // Between the halves is the stream, whose time nobody counts.
  const busyMs = kinesis === undefined ? sink.busyMs + consumer.busyMs : 0;
  return { atMs, processed, busyMs, retries: sink.retries };
}

/** Records that were ever parked, by code: a replay takes nothing away here. */
export function everParked({ workers }: Pick<StatusParts, 'workers'>): LedgerTotals['parked'] {
  const { forward, consume } = workers;
  const ledgers = [forward?.report.ledger, consume?.report.ledger].filter((ledger) => ledger !== undefined);
  const [first, second] = ledgers.map(({ totals }) => totals);
  if (first === undefined) return {};
  return second === undefined ? first.parked : addTotals(first, second).parked;
}
