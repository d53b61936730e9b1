import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import type { BrokerCounters } from './broker/broker.js';
import type { NoteCounts } from './consumer/rules/notes.js';
import type { LedgerView } from './ops/gateway-view.js';
import type { SinkCounters, SinkStatus } from './sink/sink.js';
import type { LogCounters } from './stream/log/log-writer.js';

/** All that the metrics show, taken at one scrape. */
export interface MetricsSnapshot {
  readonly broker: BrokerCounters;
  readonly log: LogCounters & {
    readonly maxSizeBytes: number;
    readonly pendingBytes: number;
    readonly isBlocked: boolean;
  };
  readonly consumer: { readonly recordsRead: number; readonly pointsMade: number; readonly lagMs: number };
  readonly notes: NoteCounts;
  readonly sink: SinkCounters & { readonly status: SinkStatus };
  readonly deadLetterBytes: number;
  readonly ledger: LedgerView;
}

type Read = (snapshot: MetricsSnapshot) => number;
type ReadLabelled = (snapshot: MetricsSnapshot) => Readonly<Record<string, number>>;

const COUNTERS: readonly (readonly [name: string, help: string, read: Read])[] = [
  [
    'sluice_broker_packets_accepted_total',
    'PUBLISH packets taken, of any QoS',
    (s) => s.broker.packetsAccepted,
  ],
  [
    'sluice_broker_packets_acknowledged_total',
    'QoS 1 and 2 packets answered after they were stored',
    (s) => s.broker.acknowledged,
  ],
  [
    'sluice_broker_packets_shed_total',
    'QoS 0 packets not stored because the log had no room',
    (s) => s.broker.packetsShed,
  ],
  [
    'sluice_broker_packets_retransmitted_total',
    'QoS 2 packets that were stored already',
    (s) => s.broker.retransmissions,
  ],
  [
    'sluice_broker_observer_packets_skipped_total',
    'Packets that slow observers missed',
    (s) => s.broker.observerPacketsSkipped,
  ],
  ['sluice_log_records_appended_total', 'Records made durable', (s) => s.log.recordsAppended],
  ['sluice_log_bytes_appended_total', 'Bytes made durable', (s) => s.log.bytesAppended],
  ['sluice_log_commits_total', 'Group commits: one write and one fdatasync each', (s) => s.log.commits],
  [
    'sluice_log_records_dropped_total',
    'Records removed by whenFull: drop-oldest',
    (s) => s.log.droppedRecords,
  ],
  [
    'sluice_consumer_records_read_total',
    'Records read from the stream; a replay after a crash counts again',
    (s) => s.consumer.recordsRead,
  ],
  ['sluice_consumer_points_made_total', 'Points made by the rules', (s) => s.consumer.pointsMade],
  ['sluice_sink_points_written_total', 'Points the store has taken', (s) => s.sink.pointsWritten],
  ['sluice_sink_points_refused_total', 'Points the store will never take', (s) => s.sink.pointsRefused],
  ['sluice_sink_requests_total', 'Requests or transactions', (s) => s.sink.requests],
  ['sluice_sink_retries_total', 'Requests or transactions repeated', (s) => s.sink.retries],
  ['sluice_sink_sent_bytes_total', 'Bytes sent to the store', (s) => s.sink.bytesSent],
  ['sluice_sink_busy_seconds_total', 'Time spent waiting for the store', (s) => s.sink.busyMs / 1000],
];

const GAUGES: readonly (readonly [name: string, help: string, read: Read])[] = [
  ['sluice_broker_connections', 'Open MQTT connections', (s) => s.broker.connections],
  ['sluice_broker_observers', 'Clients with a subscription', (s) => s.broker.observers],
  ['sluice_log_size_bytes', 'Bytes of all segments', (s) => s.log.sizeBytes],
  ['sluice_log_max_size_bytes', 'stream.log.maxSize', (s) => s.log.maxSizeBytes],
  ['sluice_log_pending_bytes', 'Bytes taken and not yet durable', (s) => s.log.pendingBytes],
  [
    'sluice_log_blocked',
    '1 while the log has no room and PUBACKs are withheld',
    (s) => Number(s.log.isBlocked),
  ],
  [
    'sluice_consumer_lag_seconds',
    'Age of the oldest record whose fate is not decided',
    (s) => s.consumer.lagMs / 1000,
  ],
  ['sluice_dead_letter_size_bytes', 'Bytes of all dead-letter files', (s) => s.deadLetterBytes],
];

/** Label values come from closed lists, or from the configuration (rule names); never from devices. */
const LABELLED: readonly (readonly [
  name: string,
  help: string,
  label: string,
  kind: 'counter' | 'gauge',
  read: ReadLabelled,
])[] = [
  [
    'sluice_broker_refusals_total',
    'Packets and connections turned away',
    'reason',
    'counter',
    (s) => s.broker.refused,
  ],
  ['sluice_consumer_notes_total', 'Parts of records left out or replaced', 'note', 'counter', (s) => s.notes],
  [
    'sluice_ledger_records',
    'The books, since the data directory was made',
    'fate',
    'gauge',
    ({ ledger }) => ({
      received: ledger.received,
      written: ledger.written,
      parked: ledger.parked,
      filtered: ledger.filtered,
      buffered: ledger.buffered,
      lost: ledger.lost,
    }),
  ],
  [
    'sluice_ledger_parked_records',
    'Parked records by reason',
    'reason',
    'gauge',
    (s) => s.ledger.reasons.parked,
  ],
  [
    'sluice_ledger_filtered_records',
    'Filtered records by rule',
    'rule',
    'gauge',
    (s) => s.ledger.reasons.filtered,
  ],
  [
    'sluice_sink_state',
    '1 for the state the sink is in',
    'state',
    'gauge',
    ({ sink }) =>
      Object.fromEntries(
        ['healthy', 'retrying', 'misconfigured'].map((state) => [state, Number(sink.status.state === state)]),
      ),
  ],
];

/** Names of all metrics of our own, for the documentation and its test. */
export const METRIC_NAMES: readonly string[] = [...COUNTERS, ...GAUGES, ...LABELLED].map(([name]) => name);

/** A registry that reads everything from `take` when it is scraped: nothing is counted twice. */
export function createMetrics(take: () => MetricsSnapshot): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  let snapshot: MetricsSnapshot | undefined;
  // Collectors of one scrape run in one turn; the first takes the snapshot for all.
  const current = () => {
    if (snapshot === undefined) {
      snapshot = take();
      setImmediate(() => {
        snapshot = undefined;
      });
    }
    return snapshot;
  };
  const registers = [registry];
  for (const [name, help, read] of COUNTERS) {
    const metric = new Counter({
      name,
      help,
      registers,
      collect: () => {
        metric.reset();
        metric.inc(read(current()));
      },
    });
  }
  for (const [name, help, read] of GAUGES) {
    const metric: Gauge = new Gauge({ name, help, registers, collect: () => metric.set(read(current())) });
  }
  for (const [name, help, label, kind, read] of LABELLED) {
    const labelNames = [label];
    const fill = (set: (labels: Record<string, string>, value: number) => void) => {
      for (const [value, count] of Object.entries(read(current()))) set({ [label]: value }, count);
    };
    if (kind === 'counter') {
      const metric = new Counter({
        name,
        help,
        labelNames,
        registers,
        collect: () => {
          metric.reset();
          fill((labels, value) => metric.inc(labels, value));
        },
      });
    } else {
      const metric = new Gauge({
        name,
        help,
        labelNames,
        registers,
        collect: () => {
          metric.reset();
          fill((labels, value) => metric.set(labels, value));
        },
      });
    }
  }
  return registry;
}
