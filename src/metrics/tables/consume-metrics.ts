import { type MetricTable, SINK_STATES, stateGauge } from '../metric-table.js';
import type { ConsumeFacts } from '../metrics-snapshot.js';

export const CONSUME: MetricTable<ConsumeFacts> = {
  counters: [
    [
      'sluice_consumer_records_read_total',
      'Records read from the stream; records read again after a crash count again',
      (s) => s.consumer.recordsRead,
    ],
    ['sluice_consumer_points_made_total', 'Points made by the rules', (s) => s.consumer.pointsMade],
    [
      'sluice_consumer_busy_seconds_total',
      'Time spent turning records into points',
      (s) => s.consumer.busyMs / 1000,
    ],
    ['sluice_sink_points_written_total', 'Points written to the store', (s) => s.sink.pointsWritten],
    [
      'sluice_sink_points_refused_total',
      'Points that the store will never accept',
      (s) => s.sink.pointsRefused,
    ],
    ['sluice_sink_requests_total', 'Requests or transactions', (s) => s.sink.requests],
    ['sluice_sink_retries_total', 'Requests or transactions repeated', (s) => s.sink.retries],
    ['sluice_sink_sent_bytes_total', 'Bytes sent to the store', (s) => s.sink.bytesSent],
    ['sluice_sink_busy_seconds_total', 'Time spent waiting for the store', (s) => s.sink.busyMs / 1000],
  ],
  gauges: [
    [
      'sluice_consumer_lag_seconds',
      'Age of the oldest record that has not been processed',
      (s) => s.consumer.lagMs / 1000,
    ],
    [
      'sluice_consumer_records_in_flight',
      'Records read and not yet processed',
      (s) => s.consumer.recordsInFlight,
    ],
    [
      'sluice_sink_points_in_flight',
      'Points sent to the store and not yet written or rejected',
      (s) => s.consumer.pointsInFlight,
    ],
  ],
  labelled: [
    [
      'sluice_consumer_notes_total',
      'Mapping warnings: parts of records that were omitted or replaced',
      'note',
      'counter',
      (s) => s.mappingWarnings,
    ],
    [
      'sluice_consumer_budget_used_ratio',
      'How full the fullest measurement, tag or share of a client is, by budget of `policies.cardinality`; at 1 nothing new gets in there',
      'budget',
      'gauge',
      (s) => s.budgets.ratios,
    ],
    [
      'sluice_consumer_type_conversions_total',
      'Fields that were converted to the type that the store has, omitted, or written under the name of their type',
      'kind',
      'counter',
      (s) => s.typeConversions,
    ],
    [
      'sluice_sink_queries_total',
      'SQL statements of users over the embedded store, by how they ended: answered, refused, busy (another one was running), limited (time, memory or size) or ended (by the caller, or for the writer)',
      'outcome',
      'counter',
      (s) => s.queries,
    ],
    [
      'sluice_sink_state',
      '1 for the current state of the sink',
      'state',
      'gauge',
      (s) => stateGauge(SINK_STATES, s.sink.status.state),
    ],
  ],
  twiceLabelled: [
    [
      'sluice_consumer_rule_notes_total',
      'Mapping warnings by rule',
      ['rule', 'note'],
      'counter',
      (s) => s.mappingWarningsByRule,
    ],
  ],
  histograms: [
    [
      'sluice_consumer_decide_seconds',
      'Time from PUBLISH until the record is written, parked or filtered; the time of the oldest record in a batch counts for all of its records',
      (s) => s.consumer.latency,
    ],
    [
      'sluice_sink_write_seconds',
      'Time to write a batch into the store, including retries',
      (s) => s.consumer.writeTimes,
    ],
  ],
};
