import { steps } from '../../src/grafana/panel.js';
import { overTime } from '../build/metric-panels.js';
import type { MetricQueries } from '../build/metric-queries.js';
import { STORE } from './gateway-next-steps.js';

/** Panels of latencies: each total, with the part of it that the disk or the store takes. */
export function timePanels(ask: MetricQueries) {
  return [
    overTime(
      'PUBLISH to durable',
      'Time until a packet can be acknowledged. Normal: a few ms on an SSD. If it is high, check Commit to disk; if that is low, the main thread is busy.',
      's',
      ask.quantiles('sluice_broker_acknowledge_seconds'),
      { thresholds: steps(0.5, 5) },
    ),
    overTime(
      'Commit to disk',
      'Time for write and fdatasync of a group commit. Normal: a median of up to 20 ms. If it is higher, the disk is slow or shared; sluice doctor measures it.',
      's',
      ask.quantiles('sluice_log_sync_seconds'),
      { thresholds: steps(0.1, 1) },
    ),
    overTime(
      'PUBLISH to processed',
      `Time until a record is written, parked or filtered. Normal: below a second. If it is high, check Batch to store, and ${STORE}.`,
      's',
      ask.quantiles('sluice_consumer_decide_seconds'),
      { thresholds: steps(10, 60) },
    ),
    overTime(
      'Batch to store',
      `Time to write a batch into the store, including retries. Normal: below half a second. From 10 s on, the default of sink.influx.timeout, requests time out: ${STORE}.`,
      's',
      ask.quantiles('sluice_sink_write_seconds'),
      { thresholds: steps(1, 10) },
    ),
  ];
}

/** Panels of everything that waits, in the order of the data path. */
export function queuePanels(ask: MetricQueries) {
  return [
    overTime(
      'Waiting for the disk',
      'Bytes accepted and not yet durable, and the limit (broker.maxInFlightBytes) at which sockets are not read. Normal: far below the limit. Near the limit the disk is slow or the log is full.',
      'bytes',
      ask.gauges([
        ['sluice_log_pending_bytes', 'not durable'],
        ['sluice_log_max_pending_bytes', 'limit'],
      ]),
    ),
    overTime(
      'Log size',
      'Size of all segments. Normal: about two segments. It grows while the store is unavailable, and shrinks afterwards.',
      'bytes',
      ask.gauges([['sluice_log_size_bytes', '']]),
    ),
    overTime(
      'In flight',
      `Records read and not yet processed, and points sent to the store and not yet written or rejected. Normal: a few batches under load, otherwise 0. If it is flat and high while nothing is written, ${STORE}.`,
      'short',
      ask.gauges([
        ['sluice_consumer_records_in_flight', 'records'],
        ['sluice_sink_points_in_flight', 'points'],
      ]),
    ),
    overTime(
      'Lag over time',
      `Age of the oldest record that has not been processed. Normal: flat and low. If it rises by one second per second, nothing is written: ${STORE}.`,
      's',
      ask.gauges([['sluice_consumer_lag_seconds', '']]),
      { thresholds: steps(10, 60) },
    ),
  ];
}
