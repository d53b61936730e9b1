import { type MetricTable, STATES, stateGauge } from '../metric-table.js';
import type { ProducerFacts } from '../metrics-snapshot.js';

export const PRODUCER: MetricTable<ProducerFacts> = {
  counters: [
    [
      'sluice_kinesis_producer_records_sent_total',
      'Records sent to Kinesis',
      (s) => s.report.counters.recordsSent,
    ],
    [
      'sluice_kinesis_producer_kinesis_records_sent_total',
      'Kinesis records that contained these records',
      (s) => s.report.counters.kinesisRecordsSent,
    ],
    ['sluice_kinesis_producer_requests_total', 'PutRecords calls', (s) => s.report.counters.requests],
    [
      'sluice_kinesis_producer_sent_bytes_total',
      'Bytes sent to Kinesis, including partition keys',
      (s) => s.report.counters.bytesSent,
    ],
    [
      'sluice_kinesis_producer_put_units_total',
      'PUT payload units of 25 kB, as billed',
      (s) => s.report.counters.putUnits,
    ],
    [
      'sluice_kinesis_producer_throttles_total',
      'Times that Kinesis throttled a Kinesis record',
      (s) => s.report.counters.throttled,
    ],
    ['sluice_kinesis_producer_retries_total', 'Kinesis records sent again', (s) => s.report.counters.retried],
    [
      'sluice_kinesis_producer_ambiguous_total',
      'Kinesis records sent again although Kinesis may have stored them already',
      (s) => s.report.counters.ambiguous,
    ],
    [
      'sluice_kinesis_producer_records_refused_total',
      'Records that Kinesis will never accept; they are parked',
      (s) => s.report.counters.refused,
    ],
  ],
  gauges: [
    [
      'sluice_kinesis_producer_aggregate_fill_ratio',
      'Mean fill of aggregates since the start',
      ({ report: { counters } }) =>
        counters.kinesisRecordsSent === 0 ? 0 : counters.aggregateFill / counters.kinesisRecordsSent,
    ],
    [
      'sluice_kinesis_producer_requests_in_flight',
      'PutRecords calls in flight',
      (s) => s.report.counters.inFlightRequests,
    ],
    [
      'sluice_kinesis_producer_records_waiting',
      'Records read from the log and not yet in Kinesis',
      (s) => s.report.counters.waitingRecords,
    ],
    [
      'sluice_kinesis_producer_oldest_unsent_seconds',
      'Age of the oldest record not yet in Kinesis',
      (s) => s.lagMs / 1000,
    ],
  ],
  labelled: [
    [
      'sluice_kinesis_producer_state',
      '1 for the current state of the producer',
      'state',
      'gauge',
      (s) => stateGauge(STATES, s.report.status.state),
    ],
  ],
  histograms: [
    [
      'sluice_kinesis_producer_forward_seconds',
      'Time from PUBLISH until the record is in Kinesis; the time of the oldest record in a batch counts for all of its records',
      (s) => s.report.latency,
    ],
  ],
};
