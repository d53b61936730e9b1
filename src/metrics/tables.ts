import { type MetricTable, STATES, stateGauge } from './metric-table.js';
import type {
  ConsumeFacts,
  IngestFacts,
  MetricsSnapshot,
  ProducerFacts,
  ReaderFacts,
} from './metrics-snapshot.js';
import type { OwnMetricsCounters } from './own-metrics.js';

/** Every metric of our own, stage by stage in path order. docs/operations.md has the same list; a test compares them. */

export const INGEST: MetricTable<IngestFacts> = {
  counters: [
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
    [
      'sluice_broker_connections_opened_total',
      'MQTT connections accepted',
      (s) => s.broker.connectionsOpened,
    ],
    ['sluice_broker_connections_closed_total', 'Of these ended', (s) => s.broker.connectionsClosed],
    ['sluice_log_records_appended_total', 'Records made durable', (s) => s.log.recordsAppended],
    ['sluice_log_bytes_appended_total', 'Bytes made durable', (s) => s.log.bytesAppended],
    ['sluice_log_commits_total', 'Group commits: one write and one fdatasync each', (s) => s.log.commits],
    [
      'sluice_log_records_dropped_total',
      'Records removed by whenFull: drop-oldest',
      (s) => s.log.droppedRecords,
    ],
  ],
  gauges: [
    ['sluice_broker_connections', 'Open MQTT connections', (s) => s.broker.connections],
    ['sluice_broker_observers', 'Clients with a subscription', (s) => s.broker.observers],
    ['sluice_log_size_bytes', 'Bytes of all segments', (s) => s.log.sizeBytes],
    ['sluice_log_max_size_bytes', 'stream.log.maxSize', (s) => s.log.maxSizeBytes],
    ['sluice_log_pending_bytes', 'Bytes taken and not yet durable', (s) => s.log.pendingBytes],
    [
      'sluice_log_max_pending_bytes',
      'broker.maxInFlightBytes, at which sockets are read no further',
      (s) => s.log.maxPendingBytes,
    ],
    [
      'sluice_log_blocked',
      '1 while the log has no room and PUBACKs are withheld',
      (s) => Number(s.log.isBlocked),
    ],
  ],
  labelled: [
    [
      'sluice_broker_refusals_total',
      'Packets and connections turned away',
      'reason',
      'counter',
      (s) => s.broker.refused,
    ],
  ],
  histograms: [
    [
      'sluice_broker_acknowledge_seconds',
      'From PUBLISH to durable, when the answer goes: of the oldest packet of each commit, counted for all of it',
      (s) => s.log.latency,
    ],
    ['sluice_log_sync_seconds', 'Write and fdatasync of each commit', (s) => s.log.syncTimes],
  ],
};

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

export const READER: MetricTable<ReaderFacts> = {
  counters: [
    [
      'sluice_kinesis_reader_records_read_total',
      'Records read from shards',
      (s) => s.report.counters.recordsRead,
    ],
    [
      'sluice_kinesis_reader_kinesis_records_read_total',
      'Kinesis records these were in',
      (s) => s.report.counters.kinesisRecordsRead,
    ],
    ['sluice_kinesis_reader_read_bytes_total', 'Bytes read', (s) => s.report.counters.bytesRead],
    [
      'sluice_kinesis_reader_polls_total',
      'GetRecords calls, or pages pushed',
      (s) => s.report.counters.polls,
    ],
    [
      'sluice_kinesis_reader_empty_polls_total',
      'Of these without a record',
      (s) => s.report.counters.emptyPolls,
    ],
    [
      'sluice_kinesis_reader_throttles_total',
      'Calls refused because of a rate',
      (s) => s.report.counters.throttled,
    ],
    [
      'sluice_kinesis_reader_failures_total',
      'Calls that failed otherwise',
      (s) => s.report.counters.failures,
    ],
    [
      'sluice_kinesis_reader_iterators_renewed_total',
      'Shard iterators that had expired',
      (s) => s.report.counters.iteratorsRenewed,
    ],
    [
      'sluice_kinesis_reader_shards_ended_total',
      'Shards read to their end, where the stream was split or merged',
      (s) => s.report.counters.shardsEnded,
    ],
    [
      'sluice_kinesis_reader_gaps_total',
      'Times that records had left the stream before they were read',
      (s) => s.report.counters.gaps,
    ],
    [
      'sluice_kinesis_reader_damaged_aggregates_total',
      'Aggregates that cannot be read, each passed on as one record',
      (s) => s.report.counters.damagedAggregates,
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
      'Since the last good answer, of the shard where that is longest',
      (s) => s.lastPollAgeMs / 1000,
    ],
    ['sluice_kinesis_reader_shards', 'Shards read by this process', (s) => s.report.counters.shardsReading],
    [
      'sluice_kinesis_reader_buffered_bytes',
      'Fetched and not yet handed on',
      (s) => s.report.counters.bufferedBytes,
    ],
  ],
  labelled: [
    [
      'sluice_kinesis_reader_state',
      '1 for the state the reader is in',
      'state',
      'gauge',
      (s) => stateGauge(STATES, s.report.status.state),
    ],
    [
      'sluice_kinesis_leases',
      'Leases held now, and taken, lost and given away since the start; none without a lease table',
      'kind',
      'gauge',
      ({ report: { leases } }) =>
        leases === undefined
          ? {}
          : { held: leases.held, taken: leases.taken, lost: leases.lost, released: leases.released },
    ],
  ],
};

export const CONSUME: MetricTable<ConsumeFacts> = {
  counters: [
    [
      'sluice_consumer_records_read_total',
      'Records read from the stream; a replay after a crash counts again',
      (s) => s.consumer.recordsRead,
    ],
    ['sluice_consumer_points_made_total', 'Points made by the rules', (s) => s.consumer.pointsMade],
    [
      'sluice_consumer_busy_seconds_total',
      'Time spent making points of records',
      (s) => s.consumer.busyMs / 1000,
    ],
    ['sluice_sink_points_written_total', 'Points the store has taken', (s) => s.sink.pointsWritten],
    ['sluice_sink_points_refused_total', 'Points the store will never take', (s) => s.sink.pointsRefused],
    ['sluice_sink_requests_total', 'Requests or transactions', (s) => s.sink.requests],
    ['sluice_sink_retries_total', 'Requests or transactions repeated', (s) => s.sink.retries],
    ['sluice_sink_sent_bytes_total', 'Bytes sent to the store', (s) => s.sink.bytesSent],
    ['sluice_sink_busy_seconds_total', 'Time spent waiting for the store', (s) => s.sink.busyMs / 1000],
  ],
  gauges: [
    [
      'sluice_consumer_lag_seconds',
      'Age of the oldest record whose fate is not decided',
      (s) => s.consumer.lagMs / 1000,
    ],
    [
      'sluice_consumer_records_in_flight',
      'Records read whose fate is not decided',
      (s) => s.consumer.recordsInFlight,
    ],
    [
      'sluice_sink_points_in_flight',
      'Points that the store has not decided about',
      (s) => s.consumer.pointsInFlight,
    ],
  ],
  labelled: [
    [
      'sluice_consumer_notes_total',
      'Parts of records left out or replaced',
      'note',
      'counter',
      (s) => s.notes,
    ],
    [
      'sluice_sink_state',
      '1 for the state the sink is in',
      'state',
      'gauge',
      (s) => stateGauge(STATES, s.sink.status.state),
    ],
  ],
  histograms: [
    [
      'sluice_consumer_decide_seconds',
      'From PUBLISH to written, parked or filtered: of the oldest record of each batch, counted for all of it',
      (s) => s.consumer.latency,
    ],
    [
      'sluice_sink_write_seconds',
      'One batch into the store, with everything that had to be tried again',
      (s) => s.consumer.writeTimes,
    ],
  ],
};

export const PROCESS: MetricTable<Pick<MetricsSnapshot, 'warnings' | 'threads'>> = {
  labelled: [
    [
      'sluice_warnings_total',
      'Warnings and errors by code, those held back with the next line of their code',
      'code',
      'counter',
      (s) => s.warnings,
    ],
    [
      'sluice_thread_utilization_ratio',
      'Share of time that the event loop of the thread was busy since the last scrape',
      'thread',
      'gauge',
      (s) => s.threads,
    ],
  ],
};

export const BOOKS: MetricTable<Pick<MetricsSnapshot, 'ledger' | 'deadLetterBytes'>> = {
  gauges: [['sluice_dead_letter_size_bytes', 'Bytes of all dead-letter files', (s) => s.deadLetterBytes]],
  labelled: [
    [
      'sluice_ledger_records',
      'The books, since the data directory was made',
      'fate',
      'gauge',
      ({ ledger: { received, written, parked, filtered, buffered, lost } }) => ({
        received,
        written,
        parked,
        filtered,
        buffered,
        lost,
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
  ],
};

/** Only where the metrics go into the store. */
export const OWN: MetricTable<OwnMetricsCounters> = {
  counters: [
    [
      'sluice_metrics_samples_dropped_total',
      'Samples and marks of metrics.store given up because the store was away for too long',
      (s) => s.samplesDropped,
    ],
    [
      'sluice_metrics_points_refused_total',
      'Points of metrics.store that the store will never take',
      (s) => s.pointsRefused,
    ],
  ],
};
