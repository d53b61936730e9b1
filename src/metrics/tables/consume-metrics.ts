import { type MetricTable, STATES, stateGauge } from '../metric-table.js';
import type { ConsumeFacts } from '../metrics-snapshot.js';

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
