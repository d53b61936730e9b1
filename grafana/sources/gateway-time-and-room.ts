import { steps } from '../../src/dashboard/panel.js';
import { overTime } from '../build/metric-panels.js';
import type { MetricQueries } from '../build/metric-queries.js';
import { STORE } from './gateway-next-steps.js';

/** How long it takes: each total with the part of it that is spent on the disk, or in the store. */
export function timePanels(ask: MetricQueries) {
  return [
    overTime(
      'PUBLISH to durable',
      'Time until the answer may go. Normal: a few ms on an SSD. High: see beside whether the disk is slow; if it is not, the main thread is busy.',
      's',
      ask.quantiles('sluice_broker_acknowledge_seconds'),
      { thresholds: steps(0.5, 5) },
    ),
    overTime(
      'Commit to disk',
      'Write and fdatasync of one group commit. Normal: up to 20 ms at the median. More: the disk is slow or shared; sluice doctor measures it.',
      's',
      ask.quantiles('sluice_log_sync_seconds'),
      { thresholds: steps(0.1, 1) },
    ),
    overTime(
      'PUBLISH to decided',
      `Time until written, parked or filtered. Normal: below a second. High: see beside whether the store is slow, ${STORE}.`,
      's',
      ask.quantiles('sluice_consumer_decide_seconds'),
      { thresholds: steps(10, 60) },
    ),
    overTime(
      'Batch to store',
      `One batch into the store, with everything that had to be tried again. Normal: below half a second. From 10 s on, which is sink.influx.timeout if not set: requests run out of time, ${STORE}.`,
      's',
      ask.quantiles('sluice_sink_write_seconds'),
      { thresholds: steps(1, 10) },
    ),
  ];
}

/** What waits where, left to right on the path. */
export function roomPanels(ask: MetricQueries) {
  return [
    overTime(
      'Waiting for the disk',
      'Bytes taken and not yet durable, and the limit (broker.maxInFlightBytes) at which sockets are read no further. Normal: far below the limit. Near it: the disk is slow, or the log is full.',
      'bytes',
      ask.gauges([
        ['sluice_log_pending_bytes', 'not durable'],
        ['sluice_log_max_pending_bytes', 'limit'],
      ]),
    ),
    overTime(
      'Log size',
      'Bytes of all segments. Normal: about two segments. Grows while the store is away, and shrinks when it is back.',
      'bytes',
      ask.gauges([['sluice_log_size_bytes', '']]),
    ),
    overTime(
      'In flight',
      `Records read whose fate is not decided, and points that the store has not decided about. Normal: a few batches under load, 0 without. Flat and high while nothing is written: ${STORE}.`,
      'short',
      ask.gauges([
        ['sluice_consumer_records_in_flight', 'records'],
        ['sluice_sink_points_in_flight', 'points'],
      ]),
    ),
    overTime(
      'Lag over time',
      `Age of the oldest record whose fate is not decided. Normal: flat and low. Rising by a second a second: nothing is written, ${STORE}.`,
      's',
      ask.gauges([['sluice_consumer_lag_seconds', '']]),
      { thresholds: steps(10, 60) },
    ),
  ];
}
