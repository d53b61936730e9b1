import { type MetricTable, STATES, stateGauge } from '../metric-table.js';
import type { ProducerFacts } from '../metrics-snapshot.js';

export const PRODUCER: MetricTable<ProducerFacts> = {
  counters: [
    [
      'sluice_kinesis_producer_records_sent_total',
      'Records that Kinesis holds',
      (s) => s.report.counters.recordsSent,
    ],
    [
      'sluice_kinesis_producer_kinesis_records_sent_total',
      'Kinesis records these were put into',
      (s) => s.report.counters.kinesisRecordsSent,
    ],
    ['sluice_kinesis_producer_requests_total', 'PutRecords calls', (s) => s.report.counters.requests],
    [
      'sluice_kinesis_producer_sent_bytes_total',
      'Bytes that Kinesis took, with keys',
      (s) => s.report.counters.bytesSent,
    ],
    [
      'sluice_kinesis_producer_put_units_total',
      'PUT payload units of 25 kB, as billed',
      (s) => s.report.counters.putUnits,
    ],
    [
      'sluice_kinesis_producer_throttles_total',
      'Kinesis records not taken because of a rate, each time',
      (s) => s.report.counters.throttled,
    ],
    ['sluice_kinesis_producer_retries_total', 'Kinesis records sent again', (s) => s.report.counters.retried],
    [
      'sluice_kinesis_producer_ambiguous_total',
      'Kinesis records perhaps stored and sent again, each time',
      (s) => s.report.counters.ambiguous,
    ],
    [
      'sluice_kinesis_producer_records_refused_total',
      'Records that Kinesis never takes; parked',
      (s) => s.report.counters.refused,
    ],
  ],
  gauges: [
    [
      'sluice_kinesis_producer_aggregate_fill_ratio',
      'How full aggregates leave, on average since the start',
      ({ report: { counters } }) =>
        counters.kinesisRecordsSent === 0 ? 0 : counters.aggregateFill / counters.kinesisRecordsSent,
    ],
    [
      'sluice_kinesis_producer_requests_in_flight',
      'PutRecords calls under way',
      (s) => s.report.counters.inFlightRequests,
    ],
    [
      'sluice_kinesis_producer_records_waiting',
      'Records read from the log and not in Kinesis',
      (s) => s.report.counters.waitingRecords,
    ],
    [
      'sluice_kinesis_producer_oldest_unsent_seconds',
      'Age of the oldest record not in Kinesis',
      (s) => s.lagMs / 1000,
    ],
  ],
  labelled: [
    [
      'sluice_kinesis_producer_state',
      '1 for the state the producer is in',
      'state',
      'gauge',
      (s) => stateGauge(STATES, s.report.status.state),
    ],
  ],
  histograms: [
    [
      'sluice_kinesis_producer_forward_seconds',
      'From PUBLISH to Kinesis: of the oldest record of each batch, counted for all of it',
      (s) => s.report.latency,
    ],
  ],
};
