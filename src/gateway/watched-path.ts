import type { LedgerView } from '../http/gateway-view.js';
import { isUnavailable } from '../sink/sink.js';
import type { BacklogSample } from './backlog.js';
import type { WatchedWorker } from './path-watch.js';
import type { StatusParts } from './status-parts.js';

/** What `PathWatch` looks at: the workers by their newest reports. */
export function watchedWorkers({ ingest, workers }: StatusParts): readonly WatchedWorker[] {
  const { forward, consume } = workers;
  const stored = ingest?.log.durableSequence ?? 0;
  const watched: WatchedWorker[] = [];
  if (forward !== undefined) {
    const { report } = forward;
    watched.push({
      stage: 'producer',
      report,
      progress: `${report.ledger.processed} ${report.counters.requests}`,
      waiting: (report.ledger.received ?? stored) - report.ledger.processed,
      isHeldUp: report.status.state !== 'healthy' || report.blockedBy !== undefined,
    });
  }
  if (consume !== undefined) {
    const { report } = consume;
    const { ledger, sink, consumer, kinesis, windows } = report;
    watched.push({
      stage: 'consumer',
      report,
      progress: `${ledger.processed} ${sink.requests}`,
      waiting: (ledger.received ?? stored) - ledger.processed,
      isHeldUp:
        isUnavailable(sink.status) ||
        consumer.blockedBy !== undefined ||
        windows?.blockedBy !== undefined ||
        (kinesis !== undefined && kinesis.status.state !== 'healthy'),
    });
  }
  return watched;
}

/** The counts behind the backlog. `lagMs` is the age of the oldest record that a stage has not processed. */
export function backlogSample(
  { ingest, workers, options }: StatusParts,
  ledger: LedgerView,
  lagMs: number,
): Omit<BacklogSample, 'atMs'> {
  const { received, buffered } = ledger;
  const sample = { received, processed: received - buffered, oldestMs: lagMs };
  if (ingest === undefined) return sample;
  const { log } = ingest;
  const reader = (workers.forward ?? workers.consume)?.report.ledger.processed ?? 0;
  const { sizeBytes, bytesAppended } = log.counters();
  return {
    ...sample,
    log: {
      unread: Math.max(0, log.durableSequence - reader),
      sizeBytes,
      maxSizeBytes: options.log.maxSizeBytes,
      bytesPerRecord: bytesPerRecord(log),
      bytesAppended,
      isBlocked: log.isBlocked,
    },
  };
}

/** The mean over the records of this process and those that were recovered at its start. */
function bytesPerRecord(log: NonNullable<StatusParts['ingest']>['log']): number {
  const { recordsAppended, bytesAppended } = log.counters();
  const { segments, nextSequence } = log.recovered;
  const recovered = segments[0] === undefined ? 0 : nextSequence - segments[0].base;
  const recoveredBytes = segments.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  const records = recordsAppended + recovered;
  return records === 0 ? 0 : (bytesAppended + recoveredBytes) / records;
}
