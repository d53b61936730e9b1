import type { RowSpec } from '../../src/dashboard/dashboard.js';
import { redFrom, steps } from '../../src/dashboard/panel.js';
import { now, overTime, top } from '../build/metric-panels.js';
import type { MetricQueries } from '../build/metric-queries.js';

const DEAD_LETTERS = 'Read them with sluice dead-letters; mend the rule or the device.';
const STORE = 'see the state of the store below, and /readyz';

/** The path left to right, once for each way to ask: broker, log, consumer, store, and the books. */
export function gatewayRows(ask: MetricQueries): RowSpec[] {
  return [
    { title: 'Now', height: 4, panels: nowPanels(ask) },
    { title: 'Rates', height: 8, panels: ratePanels(ask) },
    { title: 'Errors', height: 8, panels: errorPanels(ask) },
    { title: 'Time and room', height: 8, panels: timePanels(ask) },
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
  ];
}

function timePanels(ask: MetricQueries) {
  return [
    overTime(
      'PUBLISH to durable',
      'Time until the answer may go. Normal: a few ms on an SSD. High: the disk is slow; sluice doctor measures it.',
      's',
      ask.quantiles('sluice_broker_acknowledge_seconds'),
      { thresholds: steps(0.5, 5) },
    ),
    overTime(
      'Log size',
      'Bytes of all segments, and those not yet durable. Normal: about two segments. Grows while the store is away, and shrinks when it is back.',
      'bytes',
      ask.gauges([
        ['sluice_log_size_bytes', 'all'],
        ['sluice_log_pending_bytes', 'not durable'],
      ]),
    ),
    overTime(
      'PUBLISH to decided',
      `Time until written, parked or filtered. Normal: below a second. High: the store is slow, ${STORE}.`,
      's',
      ask.quantiles('sluice_consumer_decide_seconds'),
      { thresholds: steps(10, 60) },
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

function bookPanels(ask: MetricQueries) {
  return [
    overTime(
      'The books',
      'Records by fate since the data directory was made. received = written + parked + filtered + buffered + lost, always. Parked grows: see the reasons beside.',
      'short',
      ask.labelled('sluice_ledger_records', 'fate'),
    ),
    top(
      'Refused, by reason',
      'Worst reasons why packets and connections were turned away, per second. Normal: 0, or empty. docs/operations.md says what each means.',
      'ops',
      ask.labelledRates('sluice_broker_refusals_total', 'reason'),
      'Gateway and reason',
    ),
    top(
      'Parked, by reason',
      `Worst reasons for dead letters, records per second. Normal: 0, or empty. ${DEAD_LETTERS}`,
      'ops',
      ask.labelledRates('sluice_ledger_parked_records', 'reason'),
      'Gateway and reason',
    ),
    top(
      'Filtered, by rule',
      'Rules whose condition refuses most, records per second. Normal: what you meant to filter. Unexpected: try the record with sluice explain.',
      'ops',
      ask.labelledRates('sluice_ledger_filtered_records', 'rule'),
      'Gateway and rule',
    ),
    overTime(
      'Left out or replaced',
      'Parts of records per second that were left out or replaced, by note. Normal: what your devices are known for. docs/operations.md says what each means.',
      'ops',
      ask.labelledRates('sluice_consumer_notes_total', 'note'),
      { width: 12 },
    ),
    overTime(
      'Dead letters on disk',
      `Bytes of all dead-letter files. Normal: flat. Near consumer.deadLetter.maxSize the gateway will stop taking: ${DEAD_LETTERS}`,
      'bytes',
      ask.gauges([['sluice_dead_letter_size_bytes', '']]),
      { width: 12 },
    ),
  ];
}

function processPanels(ask: MetricQueries) {
  return [
    overTime(
      'Event loop',
      '99 of 100 turns of the main thread start later than this at most. Normal: below 50 ms. Above 200 ms for long: it has too little CPU.',
      's',
      ask.gauges([['nodejs_eventloop_lag_p99_seconds', '']]),
      { width: 8, thresholds: steps(0.2, 1) },
    ),
    overTime(
      'Memory',
      'Memory of the process, and the JavaScript heap in it. Normal: flat after an hour. Grows for days: report it.',
      'bytes',
      ask.gauges([
        ['process_resident_memory_bytes', 'process'],
        ['nodejs_heap_size_used_bytes', 'heap'],
      ]),
      { width: 8 },
    ),
    overTime(
      'CPU',
      'Cores in use by all threads. Normal: far below 1 at a few thousand packets per second. Near the cores of the machine: it is full.',
      'short',
      ask.rates([['process_cpu_seconds_total', 'cores']]),
      { width: 8 },
    ),
  ];
}
