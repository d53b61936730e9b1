import { type MetricTable, STATES, stateGauge } from '../metric-table.js';
import type { ReaderFacts } from '../metrics-snapshot.js';

/** The values of a metric that this process does not have. */
const NO_SAMPLES: Readonly<Record<string, number>> = {};

export const READER: MetricTable<ReaderFacts> = {
  counters: [
    [
      'sluice_kinesis_reader_records_read_total',
      'Records read from shards',
      (s) => s.report.counters.recordsRead,
    ],
    [
      'sluice_kinesis_reader_kinesis_records_read_total',
      'Kinesis records that contained these records',
      (s) => s.report.counters.kinesisRecordsRead,
    ],
    ['sluice_kinesis_reader_read_bytes_total', 'Bytes read from shards', (s) => s.report.counters.bytesRead],
    [
      'sluice_kinesis_reader_polls_total',
      'GetRecords calls, or pages pushed by enhanced fan-out',
      (s) => s.report.counters.polls,
    ],
    [
      'sluice_kinesis_reader_empty_polls_total',
      'GetRecords calls or pages without a record',
      (s) => s.report.counters.emptyPolls,
    ],
    [
      'sluice_kinesis_reader_throttles_total',
      'Calls that Kinesis throttled',
      (s) => s.report.counters.throttled,
    ],
    [
      'sluice_kinesis_reader_failures_total',
      'Calls that failed for other reasons',
      (s) => s.report.counters.failures,
    ],
    [
      'sluice_kinesis_reader_iterators_renewed_total',
      'Expired shard iterators renewed',
      (s) => s.report.counters.iteratorsRenewed,
    ],
    [
      'sluice_kinesis_reader_shards_ended_total',
      'Shards read to their end after the stream was split or merged',
      (s) => s.report.counters.shardsEnded,
    ],
    [
      'sluice_kinesis_reader_gaps_total',
      'Times that records expired from the stream before they were read',
      (s) => s.report.counters.gaps,
    ],
    [
      'sluice_kinesis_reader_damaged_aggregates_total',
      'Aggregates that cannot be read; each is passed on as one record',
      (s) => s.report.counters.damagedAggregates,
    ],
    [
      'sluice_kinesis_reader_names_replaced_total',
      'Records with a topic or client id that the broker would refuse; the partition key is used instead',
      (s) => s.report.counters.namesReplaced,
    ],
    [
      'sluice_kinesis_reader_times_replaced_total',
      'Records with a receive time before 2000 or more than a day after their arrival in Kinesis; the time of arrival is used instead',
      (s) => s.report.counters.timesReplaced,
    ],
  ],
  gauges: [
    [
      'sluice_kinesis_reader_behind_latest_seconds',
      'MillisBehindLatest of the shard that is furthest behind',
      (s) => s.report.counters.millisBehindLatest / 1000,
    ],
    [
      'sluice_kinesis_reader_last_poll_age_seconds',
      'Longest time since the last successful poll of a shard',
      (s) => s.lastPollAgeMs / 1000,
    ],
    ['sluice_kinesis_reader_shards', 'Shards read by this process', (s) => s.report.counters.shardsReading],
    [
      'sluice_kinesis_reader_buffered_bytes',
      'Bytes fetched and not yet passed to the consumer',
      (s) => s.report.counters.bufferedBytes,
    ],
  ],
  labelled: [
    [
      'sluice_kinesis_reader_state',
      '1 for the current state of the reader',
      'state',
      'gauge',
      (s) => stateGauge(STATES, s.report.status.state),
    ],
    [
      'sluice_kinesis_leases',
      'Leases held now, and leases taken, lost and released since the start; no value without a lease table',
      'kind',
      'gauge',
      ({ report: { leases } }) =>
        leases === undefined
          ? NO_SAMPLES
          : { held: leases.held, taken: leases.taken, lost: leases.lost, released: leases.released },
    ],
  ],
};
