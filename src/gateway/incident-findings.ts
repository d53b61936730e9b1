import type { ReadinessProblem } from '../http/gateway-view.js';
import type { ForwardReport } from '../pipeline/forward-protocol.js';
import { isUnavailable, type SinkContact, type SinkStatus } from '../sink/sink.js';
import type { ComponentStatus } from '../stream/stream.js';
import type { IncidentCause } from '../timeline/incident.js';
import type { Finding } from '../timeline/look.js';
import type { StatusParts } from './status-parts.js';

/** The same in every title and event. */
const STORE_NAMES = { influx: 'InfluxDB', duckdb: 'DuckDB' } as const;

const CAUSES_OF_STORE = {
  'no-answer': 'store-no-answer',
  unavailable: 'store-unavailable',
  configuration: 'store-configuration',
  held: 'store-held',
  'many-refused': 'store-refuses-points',
  retention: 'store-retention',
} as const satisfies Readonly<Record<NonNullable<SinkContact['trouble']>, IncidentCause>>;

/** Looks at everything that can fail in this process: what `IncidentCollector` makes incidents of. */
export function incidentFindings(
  { ingest, workers, clockWatch }: Pick<StatusParts, 'ingest' | 'workers' | 'clockWatch'>,
  stuck: (stage: ReadinessProblem['stage']) => readonly ReadinessProblem[],
): Finding[] {
  const { forward, consume } = workers;
  const findings: Finding[] = [
    failingIf(
      'clock',
      'clock-implausible',
      clockWatch.facts().isImplausible,
      'set it, and synchronise it with NTP',
    ),
  ];
  if (ingest !== undefined) {
    const { log, broker } = ingest;
    const isDiskFull = log.diskFullFreeBytes !== undefined;
    findings.push(
      failingIf('broker', 'broker-closed', !broker.isListening, 'devices cannot connect'),
      failingIf('disk', 'disk-full', isDiskFull, `${log.diskFullFreeBytes ?? 0} bytes are free`),
    );
  }
  const blockedBy = consume?.report.consumer.blockedBy ?? forward?.report.blockedBy;
  findings.push(failingIf('dead-letter', 'dead-letter-full', blockedBy !== undefined, blockedBy));
  if (forward !== undefined) findings.push(ofWorker('forwarder', 'forwarder-stuck', stuck('producer')));
  if (forward !== undefined || consume?.report.kinesis !== undefined) {
    findings.push(ofKinesis(forward?.report, consume?.report.kinesis?.status));
  }
  if (consume !== undefined) {
    const { sink, sinkContact, windows } = consume.report;
    const name = STORE_NAMES[sink.kind];
    findings.push(
      { ...ofStore(name, sink.status, sinkContact), tries: sink.retries },
      ofWorker('consumer', 'consumer-stuck', stuck('consumer')),
    );
    if (windows !== undefined) {
      const isBlocked = windows.blockedBy !== undefined;
      const cause = isBlocked ? 'windows-blocked' : 'windows-failing';
      const detail = windows.blockedBy ?? windows.problem;
      findings.push(failingIf('windows', cause, detail !== '', detail));
    }
  }
  return findings;
}

/** Why the log takes nothing, where no full disk explains it. */
export function logFullReason({ ingest }: Pick<StatusParts, 'ingest'>): string | undefined {
  if (ingest === undefined || !ingest.log.isBlocked || ingest.log.diskFullFreeBytes !== undefined)
    return undefined;
  return 'it has reached stream.log.maxSize; PUBACKs are withheld';
}

function failingIf(
  key: string,
  cause: IncidentCause,
  isFailing: boolean,
  detail = '',
  subject = '',
): Finding {
  return isFailing ? { key, state: 'failing', cause, subject, detail } : { key, state: 'well' };
}

function ofStore(subject: string, status: SinkStatus, contact: SinkContact): Finding {
  const key = 'store';
  if (status.state === 'untried') return { key, state: 'unknown' };
  if (!isUnavailable(status)) return { key, state: 'well' };
  const { trouble = 'unavailable', nextTryMs } = contact;
  return {
    key,
    state: 'failing',
    cause: CAUSES_OF_STORE[trouble],
    subject,
    detail: status.detail,
    nextTryMs,
  };
}

/** What keeps both halves from the stream is one cause, so they are one thing here. */
function ofKinesis(
  forward: Pick<ForwardReport, 'status' | 'counters'> | undefined,
  reading: ComponentStatus | undefined,
): Finding {
  const tries = forward?.counters.retried;
  const isSending = forward === undefined || forward.status.state === 'healthy';
  const [cause, status] = isSending
    ? (['kinesis-read', reading] as const)
    : (['kinesis-send', forward.status] as const);
  const isFailing = status !== undefined && status.state !== 'healthy';
  return { ...failingIf('kinesis', cause, isFailing, status?.detail), tries };
}

function ofWorker(key: string, cause: IncidentCause, problems: readonly ReadinessProblem[]): Finding {
  return failingIf(key, cause, problems.length > 0, problems[0]?.reason);
}
