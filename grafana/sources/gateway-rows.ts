import type { RowSpec } from '../../src/grafana/dashboard-json.js';
import { redFrom, steps } from '../../src/grafana/panel.js';
import { now, overTime, top } from '../build/metric-panels.js';
import type { MetricQueries } from '../build/metric-queries.js';
import { ledgerPanels, processPanels } from './gateway-ledger.js';
import { DEAD_LETTERS, STORE } from './gateway-next-steps.js';
import { queuePanels, timePanels } from './gateway-time-and-queues.js';
import { windowPanels } from './gateway-windows.js';

/** The rows for broker, log, consumer, store and ledger, for either kind of data source. */
export function gatewayRows(ask: MetricQueries): RowSpec[] {
  return [
    { title: 'Now', height: 4, panels: nowPanels(ask) },
    { title: 'Rates', height: 8, panels: ratePanels(ask) },
    { title: 'Errors', height: 8, panels: errorPanels(ask) },
    { title: 'Time', height: 8, panels: timePanels(ask) },
    { title: 'Queues', height: 8, panels: queuePanels(ask) },
    { title: 'Ledger and top reasons', height: 8, panels: ledgerPanels(ask) },
    { title: 'Process', height: 8, panels: processPanels(ask) },
    { title: 'Windows', height: 8, panels: windowPanels(ask) },
  ];
}

function nowPanels(ask: MetricQueries) {
  return [
    now(
      'Taken',
      'PUBLISH packets accepted per second. Normal: as many as the fleet sends. At 0, check connections, rejections and the network.',
      'pps',
      ask.rates([['sluice_broker_packets_accepted_total', 'taken']]),
    ),
    now(
      'Connections',
      'Open MQTT connections. Normal: one for each device. If there are fewer, devices are offline or rejected.',
      'short',
      ask.gauges([['sluice_broker_connections', '']]),
    ),
    now(
      'Log filled',
      'Share of stream.log.maxSize in use. Normal: a few percent. At 100 % PUBACKs are withheld: fix the store or enlarge the log.',
      'percentunit',
      ask.share('sluice_log_size_bytes', 'sluice_log_max_size_bytes'),
      { thresholds: steps(0.5, 0.8), max: 1 },
    ),
    now(
      'Lag',
      `Age of the oldest record that has not been processed. Normal: below two seconds. If it rises, the store is slow or down: ${STORE}.`,
      's',
      ask.gauges([['sluice_consumer_lag_seconds', '']]),
      { thresholds: steps(10, 60) },
    ),
    now(
      'Written',
      `Points written to the store per second. Normal: the accepted packets times the points per record. If there are fewer, ${STORE}.`,
      'wps',
      ask.rates([['sluice_sink_points_written_total', 'written']]),
    ),
    now(
      'Lost',
      'Records that were acknowledged and lost. Normal: always 0. Otherwise the log was full with whenFull: drop-oldest, or a disk lost data; see Records lost in docs/runbook.md.',
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
      'Packets accepted and acknowledged per second. Normal: as many QoS 1 packets are acknowledged as are accepted. If fewer are acknowledged, the disk is slow or the log is full.',
      'pps',
      ask.rates([
        ['sluice_broker_packets_accepted_total', 'taken'],
        ['sluice_broker_packets_acknowledged_total', 'acknowledged'],
      ]),
    ),
    overTime(
      'Log',
      'Records made durable and group commits per second. Normal: many records per commit under load.',
      'ops',
      ask.rates([
        ['sluice_log_records_appended_total', 'records'],
        ['sluice_log_commits_total', 'commits'],
      ]),
    ),
    overTime(
      'Consumer',
      'Records read and points made per second. Normal: as many records are read as are made durable. If fewer are read for long, the lag grows.',
      'ops',
      ask.rates([
        ['sluice_consumer_records_read_total', 'records read'],
        ['sluice_consumer_points_made_total', 'points made'],
      ]),
    ),
    overTime(
      'Store',
      `Points written per second. Normal: as many as are made. If there are fewer, ${STORE}.`,
      'wps',
      ask.rates([['sluice_sink_points_written_total', 'written']]),
    ),
  ];
}

function errorPanels(ask: MetricQueries) {
  return [
    overTime(
      'Broker: shed and repeated',
      'QoS 0 packets not stored because the log was full, and packets received again after they were stored, per second. Normal: 0. If packets are retransmitted for long, acknowledgements are too slow for the devices.',
      'pps',
      ask.rates([
        ['sluice_broker_packets_shed_total', 'shed'],
        ['sluice_broker_packets_retransmitted_total', 'retransmitted'],
      ]),
      { thresholds: redFrom(1) },
    ),
    overTime(
      'Log: dropped and blocked',
      'Records dropped per second by whenFull: drop-oldest, and 1 while the log has no room and PUBACKs are withheld. Normal: 0. Otherwise fix the store or enlarge the log.',
      'short',
      [
        ...ask.rates([['sluice_log_records_dropped_total', 'dropped']]),
        ...ask.gauges([['sluice_log_blocked', 'blocked']]),
      ],
      { thresholds: redFrom(1) },
    ),
    overTime(
      'Requests to the store',
      `Requests and repeated requests per second, and points that the store will never accept. Normal: none repeated, none rejected. Rejected points are parked. ${DEAD_LETTERS} If requests are repeated, ${STORE}.`,
      'reqps',
      ask.rates([
        ['sluice_sink_requests_total', 'requests'],
        ['sluice_sink_retries_total', 'repeated'],
        ['sluice_sink_points_refused_total', 'points refused'],
      ]),
    ),
    overTime(
      'Store not healthy',
      '1 for the current state of the store, if it is not healthy. Normal: 0. At retrying the store is down or slow; at misconfigured fix token, database or address.',
      'short',
      ask.labelled('sluice_sink_state', 'state', { value: 'healthy', isExcluded: true }),
      { thresholds: redFrom(1), max: 1 },
    ),
    overTime(
      'Connections opened and closed',
      'MQTT connections opened and closed per second. Normal: near 0 with a fleet that stays connected. If both are high while the number of connections is constant, devices reconnect repeatedly: check rejections, keep alive, and client ids that two devices share.',
      'ops',
      ask.rates([
        ['sluice_broker_connections_opened_total', 'opened'],
        ['sluice_broker_connections_closed_total', 'closed'],
      ]),
      { width: 12 },
    ),
    top(
      'Warnings, by code',
      'Most frequent codes of warnings and errors in the log of the process, in lines per second. Normal: 0 or empty. docs/errors.md explains what to do for each code.',
      'ops',
      ask.labelledRates('sluice_warnings_total', 'code'),
      'Gateway and code',
      { width: 12 },
    ),
  ];
}
