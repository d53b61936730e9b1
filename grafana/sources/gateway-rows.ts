import type { RowSpec } from '../../src/dashboard/dashboard.js';
import { redFrom, steps } from '../../src/dashboard/panel.js';
import { now, overTime, top } from '../build/metric-panels.js';
import type { MetricQueries } from '../build/metric-queries.js';
import { bookPanels, processPanels } from './gateway-books.js';
import { DEAD_LETTERS, STORE } from './gateway-next-steps.js';
import { roomPanels, timePanels } from './gateway-time-and-room.js';

/** The path left to right, once for each way to ask: broker, log, consumer, store, and the books. */
export function gatewayRows(ask: MetricQueries): RowSpec[] {
  return [
    { title: 'Now', height: 4, panels: nowPanels(ask) },
    { title: 'Rates', height: 8, panels: ratePanels(ask) },
    { title: 'Errors', height: 8, panels: errorPanels(ask) },
    { title: 'Time', height: 8, panels: timePanels(ask) },
    { title: 'Room', height: 8, panels: roomPanels(ask) },
    { title: 'Books and worst offenders', height: 8, panels: bookPanels(ask) },
    { title: 'Process', height: 8, panels: processPanels(ask) },
  ];
}

function nowPanels(ask: MetricQueries) {
  return [
    now(
      'Taken',
      'PUBLISH packets taken per second. Normal: what the fleet sends. 0: look at connections, refusals and the network.',
      'pps',
      ask.rates([['sluice_broker_packets_accepted_total', 'taken']]),
    ),
    now(
      'Connections',
      'Open MQTT connections. Normal: one for each device. Fewer: devices are away, or are refused.',
      'short',
      ask.gauges([['sluice_broker_connections', '']]),
    ),
    now(
      'Log filled',
      'Share of stream.log.maxSize in use. Normal: a few percent. At 100 % PUBACKs wait: mend the store, or give the log more room.',
      'percentunit',
      ask.share('sluice_log_size_bytes', 'sluice_log_max_size_bytes'),
      { thresholds: steps(0.5, 0.8), max: 1 },
    ),
    now(
      'Lag',
      `Age of the oldest record whose fate is not decided. Normal: below a second or two. Rising: the store is slow or down, ${STORE}.`,
      's',
      ask.gauges([['sluice_consumer_lag_seconds', '']]),
      { thresholds: steps(10, 60) },
    ),
    now(
      'Written',
      `Points the store takes per second. Normal: as many as are taken, times the points of a record. Less: ${STORE}.`,
      'wps',
      ask.rates([['sluice_sink_points_written_total', 'written']]),
    ),
    now(
      'Lost',
      'Records that were acknowledged and are gone. Normal: 0, always. Else see the books in docs/operations.md: the log was full with whenFull: drop-oldest, or a disk lost data.',
      'short',
      ask.labelled('sluice_ledger_records', 'fate', { value: 'lost', isExcluded: false }),
      { thresholds: redFrom(1) },
    ),
  ];
}

function ratePanels(ask: MetricQueries) {
  return [
    overTime(
      'Broker',
      'Packets per second, taken and answered. Normal: QoS 1 packets are answered as they are taken. Answered falls behind: the disk is slow, or the log is full.',
      'pps',
      ask.rates([
        ['sluice_broker_packets_accepted_total', 'taken'],
        ['sluice_broker_packets_acknowledged_total', 'acknowledged'],
      ]),
    ),
    overTime(
      'Log',
      'Records made durable per second, and group commits that took. Normal: many records a commit under load.',
      'ops',
      ask.rates([
        ['sluice_log_records_appended_total', 'records'],
        ['sluice_log_commits_total', 'commits'],
      ]),
    ),
    overTime(
      'Consumer',
      'Records read and points made per second. Normal: as many records as are made durable. Below that for long: the lag grows.',
      'ops',
      ask.rates([
        ['sluice_consumer_records_read_total', 'records read'],
        ['sluice_consumer_points_made_total', 'points made'],
      ]),
    ),
    overTime(
      'Store',
      `Points written per second. Normal: as many as are made. Below that: ${STORE}.`,
      'wps',
      ask.rates([['sluice_sink_points_written_total', 'written']]),
    ),
  ];
}

function errorPanels(ask: MetricQueries) {
  return [
    overTime(
      'Broker: shed and repeated',
      'QoS 0 packets not stored for want of room, and packets that were stored already, per second. Normal: 0. Shed: the log is full. Repeated for long: answers come too late for the devices.',
      'pps',
      ask.rates([
        ['sluice_broker_packets_shed_total', 'shed'],
        ['sluice_broker_packets_retransmitted_total', 'retransmitted'],
      ]),
      { thresholds: redFrom(1) },
    ),
    overTime(
      'Log: dropped and blocked',
      'Records dropped per second by whenFull: drop-oldest; 1 while the log has no room and PUBACKs are withheld. Normal: 0. Mend the store, or give the log more room.',
      'short',
      [
        ...ask.rates([['sluice_log_records_dropped_total', 'dropped']]),
        ...ask.gauges([['sluice_log_blocked', 'blocked']]),
      ],
      { thresholds: redFrom(1) },
    ),
    overTime(
      'Requests to the store',
      `Requests per second, those repeated, and points that the store will never take. Normal: none repeated, none refused. Refused points are parked: ${DEAD_LETTERS} Repeats: ${STORE}.`,
      'reqps',
      ask.rates([
        ['sluice_sink_requests_total', 'requests'],
        ['sluice_sink_retries_total', 'repeated'],
        ['sluice_sink_points_refused_total', 'points refused'],
      ]),
    ),
    overTime(
      'Store not healthy',
      '1 for the state the store is in, if it is not healthy. Normal: 0. retrying: it is down or slow; misconfigured: mend token, database or address.',
      'short',
      ask.labelled('sluice_sink_state', 'state', { value: 'healthy', isExcluded: true }),
      { thresholds: redFrom(1), max: 1 },
    ),
    overTime(
      'Connections opened and closed',
      'MQTT connections per second that begin and end. Normal: near 0 with a fleet that stays connected. Both high while their number stays: devices connect again and again; look at the refusals, at keep alive and at client ids that two devices share.',
      'ops',
      ask.rates([
        ['sluice_broker_connections_opened_total', 'opened'],
        ['sluice_broker_connections_closed_total', 'closed'],
      ]),
      { width: 12 },
    ),
    top(
      'Warnings, by code',
      'Most frequent codes of warnings and errors in the log of the process, lines per second. Normal: 0, or empty. docs/errors.md says for each code what to do.',
      'ops',
      ask.labelledRates('sluice_warnings_total', 'code'),
      'Gateway and code',
      { width: 12 },
    ),
  ];
}
