import type { AlertRule } from './alert-rule.js';

const GATEWAY = 'sluice-gateway';

const PACKETS = 'sum by (instance) (sluice_broker_packets_accepted_total)';
/**
 * Nothing for five minutes, seen for as long by Prometheus. It needs a first message: since the gateway started, or since
 * its data directory was made once it has run for ten minutes. While the gateway is down, another alert says so.
 */
const SILENT_FLEET =
  '(sum by (instance) (rate(sluice_broker_packets_accepted_total[5m])) == bool 0) ' +
  'and on (instance) sum by (instance) (sluice_broker_packets_accepted_total offset 5m) ' +
  `and on (instance) (${PACKETS} > 0 or (sum by (instance) (sluice_ledger_records{fate="received"}) > 0 ` +
  'and on (instance) time() - process_start_time_seconds{job=~"sluice.*"} > 600)) ' +
  'unless on (instance) up{job=~"sluice.*"} == 0';

/** Alerts for every gateway. They need a scrape job whose name starts with `sluice`, see deploy/prometheus. */
export const GATEWAY_ALERTS: readonly AlertRule[] = [
  {
    uid: 'sluice-gateway-down',
    title: 'Gateway down',
    severity: 'critical',
    // No target at all is as bad as a target that does not answer.
    expr: '(1 - up{job=~"sluice.*"}) or absent(up{job=~"sluice.*"})',
    threshold: 0,
    for: '1m',
    unit: 'number',
    summary: 'The gateway {instance} does not answer',
    description: 'Its /metrics cannot be read. Acknowledged records are on its disk; devices may be waiting.',
    panel: { dashboard: GATEWAY, title: 'Connections' },
  },
  {
    uid: 'sluice-log-filling',
    title: 'Log filling',
    severity: 'warning',
    expr: 'max by (instance) (sluice_log_size_bytes / sluice_log_max_size_bytes)',
    threshold: 0.8,
    for: '5m',
    unit: 'share',
    summary: 'The log of {instance} is {value} full',
    description:
      'The store or Kinesis is slow or unavailable. At 100 % PUBACKs are withheld, or the oldest records are dropped.',
    panel: { dashboard: GATEWAY, title: 'Log filled' },
  },
  {
    uid: 'sluice-log-full',
    title: 'Log full',
    severity: 'critical',
    expr: 'max by (instance) (sluice_log_blocked)',
    threshold: 0,
    for: '1m',
    unit: 'number',
    summary: 'The log of {instance} is full',
    description:
      'It has reached its limit, or the disk is full. PUBACKs are withheld and QoS 0 packets are shed until there is room.',
    panel: { dashboard: GATEWAY, title: 'Log filled' },
  },
  {
    uid: 'sluice-packets-shed',
    title: 'Packets shed',
    severity: 'warning',
    expr: 'sum by (instance) (increase(sluice_broker_packets_shed_total[5m]))',
    threshold: 0,
    for: '0s',
    unit: 'number',
    summary: '{instance} has shed {value} QoS 0 packets in five minutes',
    description: 'They are lost: QoS 0 delivers at most once, and the log had no room.',
    panel: { dashboard: GATEWAY, title: 'Broker' },
  },
  {
    uid: 'sluice-records-lost',
    title: 'Records lost',
    severity: 'critical',
    // The ledger counts dropped records only when the reader reaches their position.
    expr:
      'max by (instance) (increase(sluice_log_records_dropped_total[10m]) > 0 or ' +
      'sum without (fate) (delta(sluice_ledger_records{fate="lost"}[10m])) > 0)',
    threshold: 0,
    for: '0s',
    unit: 'number',
    summary: '{instance} has lost {value} acknowledged records',
    description:
      'They were dropped by whenFull: drop-oldest, or are unreadable on a damaged disk. /api/ledger has the reasons.',
    panel: { dashboard: GATEWAY, title: 'Lost' },
  },
  {
    uid: 'sluice-ledger-unbalanced',
    title: 'Ledger unbalanced',
    severity: 'critical',
    expr:
      'max by (instance) (abs(sluice_ledger_records{fate="received"} - ignoring (fate) ' +
      'sum without (fate) (sluice_ledger_records{fate!="received"})))',
    threshold: 0,
    for: '2m',
    unit: 'number',
    summary: 'The ledger of {instance} is off by {value} records',
    description:
      'received = written + parked + filtered + buffered + lost does not hold. This is a fault in the gateway.',
    panel: { dashboard: GATEWAY, title: 'Ledger' },
  },
  {
    uid: 'sluice-lag',
    title: 'Lag',
    severity: 'warning',
    expr: 'max by (instance) (sluice_consumer_lag_seconds)',
    threshold: 60,
    for: '5m',
    unit: 'seconds',
    summary: 'Records of {instance} have waited for the store for {value}',
    description:
      'The store is slow, down or misconfigured, the dead letter is full, or the consumer does not move. No record is lost.',
    panel: { dashboard: GATEWAY, title: 'Lag over time' },
  },
  {
    uid: 'sluice-store-errors',
    title: 'Store errors',
    severity: 'warning',
    expr: 'max by (instance) (sluice_sink_state{state="retrying"})',
    threshold: 0,
    for: '5m',
    unit: 'number',
    summary: 'The store of {instance} does not accept points',
    description:
      'It is down, slow or unreachable. Records wait in the log and are written when it is available again.',
    panel: { dashboard: GATEWAY, title: 'Store not healthy' },
  },
  {
    uid: 'sluice-store-misconfigured',
    title: 'Store misconfigured',
    severity: 'critical',
    expr: 'max by (instance) (sluice_sink_state{state="misconfigured"})',
    threshold: 0,
    for: '1m',
    unit: 'number',
    summary: 'The store of {instance} refuses the gateway',
    description: 'Token, user, database, bucket or address is wrong. Records wait until you correct it.',
    panel: { dashboard: GATEWAY, title: 'Store not healthy' },
  },
  {
    uid: 'sluice-store-retries',
    title: 'Store retries',
    severity: 'warning',
    expr:
      'sum by (instance) (rate(sluice_sink_retries_total[5m])) / ' +
      'sum by (instance) (rate(sluice_sink_requests_total[5m]))',
    threshold: 0.05,
    for: '5m',
    unit: 'share',
    summary: '{value} of the requests of {instance} to the store are repeated',
    description: 'The store sometimes answers with an error or too late, which makes writing slower.',
    panel: { dashboard: GATEWAY, title: 'Requests to the store' },
  },
  {
    uid: 'sluice-windows-behind',
    title: 'Windows behind',
    severity: 'warning',
    expr: 'max by (instance, measurement) (sluice_windows_behind_seconds)',
    threshold: 300,
    for: '5m',
    unit: 'seconds',
    summary: 'Windows of {instance} have waited to be computed for {value}',
    description:
      'The label measurement says which. The store answers too slowly, or rows cannot be written. Points are stored as always.',
    panel: { dashboard: GATEWAY, title: 'Windows behind' },
  },
  {
    uid: 'sluice-window-rows-refused',
    title: 'Window rows refused',
    severity: 'warning',
    expr: 'sum by (instance, measurement) (increase(sluice_windows_rows_refused_total[10m]))',
    threshold: 0,
    for: '0s',
    unit: 'number',
    summary: 'The store has rejected {value} rows of windows of {instance} in ten minutes',
    description:
      'The label measurement says which. These rows are missing in the store; the points that they are computed from are not.',
    panel: { dashboard: GATEWAY, title: 'Rows of windows refused' },
  },
  {
    uid: 'sluice-dead-letters-growing',
    title: 'Dead letters growing',
    severity: 'warning',
    expr: 'sum by (instance) (delta(sluice_ledger_records{fate="parked"}[5m]))',
    threshold: 0,
    for: '0s',
    unit: 'number',
    summary: '{instance} has parked {value} records in five minutes',
    description: 'No rule accepts them, or the store rejects them. They are kept and can be replayed.',
    panel: { dashboard: GATEWAY, title: 'Parked, by reason' },
  },
  {
    uid: 'sluice-dead-letter-filling',
    title: 'Dead letter filling',
    severity: 'warning',
    expr: 'max by (instance) (sluice_dead_letter_size_bytes / sluice_dead_letter_max_size_bytes)',
    threshold: 0.8,
    for: '5m',
    unit: 'share',
    summary: 'The dead letter of {instance} is {value} full',
    description:
      'Once devices have filled it, their payloads are not kept; records that the store refuses then soon make the consumer wait.',
    panel: { dashboard: GATEWAY, title: 'Dead letters on disk' },
  },
  {
    uid: 'sluice-dead-letter-full',
    title: 'Dead letter full',
    severity: 'critical',
    // The warning is repeated as long as the consumer waits.
    expr: 'sum by (instance) (increase(sluice_warnings_total{code="DEAD_LETTER_FULL"}[5m]))',
    threshold: 0,
    for: '0s',
    unit: 'number',
    summary: 'The dead letter of {instance} is full, and its consumer waits',
    description:
      'A record must be parked and finds no room, or the disk is full. Nothing is written until there is; the log fills meanwhile.',
    panel: { dashboard: GATEWAY, title: 'Dead letters on disk' },
  },
  {
    uid: 'sluice-dead-letter-damaged',
    title: 'Dead letter damaged',
    severity: 'warning',
    // It is found at a start only, and again at each; the alert ends an hour later.
    expr:
      'max by (instance) (sluice_warnings_total{code="DEAD_LETTER_DAMAGED"}) ' +
      'and on (instance) (time() - process_start_time_seconds{job=~"sluice.*"} < 3600)',
    threshold: 0,
    for: '0s',
    unit: 'number',
    summary: 'Parked records of {instance} cannot be read: {value} warnings at its last start',
    description:
      'Files of the dead letter were cut, damaged or removed. What no file has counts as parked for the reason unreadable.',
    panel: { dashboard: GATEWAY, title: 'Parked, by reason' },
  },
  {
    uid: 'sluice-payloads-not-kept',
    title: 'Payloads not kept',
    severity: 'warning',
    expr: 'max by (instance) (delta(sluice_ledger_parked_without_payload_records[5m]))',
    threshold: 0,
    for: '0s',
    unit: 'number',
    summary: '{instance} has parked {value} records without their payload in five minutes',
    description:
      'One client is over its share of the dead letter, or devices have filled it. These records cannot be replayed.',
    panel: { dashboard: GATEWAY, title: 'Parked, by reason' },
  },
  {
    uid: 'sluice-budget-nearly-full',
    title: 'Budget nearly full',
    severity: 'warning',
    expr: 'max by (instance, budget) (sluice_consumer_budget_used_ratio)',
    threshold: 0.9,
    for: '10m',
    unit: 'share',
    summary: 'A budget of series or fields of {instance} is used to {value}',
    description:
      'The label budget says which. When it is full, records with new series or fields are parked, or lose tags and fields.',
    panel: { dashboard: GATEWAY, title: 'Budgets used' },
  },
  {
    uid: 'sluice-silent-fleet',
    title: 'Silent fleet',
    severity: 'warning',
    expr: SILENT_FLEET,
    threshold: 0,
    for: '5m',
    unit: 'number',
    summary: 'No device has published to {instance} for ten minutes',
    description: 'The gateway runs but receives nothing. Check the network and the devices.',
    panel: { dashboard: GATEWAY, title: 'Broker' },
  },
  {
    uid: 'sluice-clients-refused',
    title: 'Clients refused',
    severity: 'warning',
    // Without the reasons that every fleet has: devices out of reach, probes, subscribers.
    expr: 'sum by (instance, reason) (increase(sluice_broker_refusals_total{reason!~"silent|not-websocket|connect-timeout|reads-too-slowly|keep-alive-expired|taken-over"}[5m]))',
    threshold: 10,
    for: '5m',
    unit: 'number',
    summary: '{instance} has rejected clients or packets {value} times in five minutes',
    description:
      'The label reason has the cause: too many connections, wrong credentials, denied topics, MQTT 5, packets too large, malformed topics or packets.',
    panel: { dashboard: GATEWAY, title: 'Refused, by reason' },
  },
  {
    uid: 'sluice-retained-full',
    title: 'Retained messages refused',
    severity: 'warning',
    expr: 'sum by (instance) (increase(sluice_broker_retained_refused_total[5m]))',
    threshold: 0,
    for: '0s',
    unit: 'number',
    summary: '{instance} has not retained {value} messages in five minutes',
    description:
      'The limit of retained messages is reached. They are stored, but who subscribes later does not get them.',
    panel: { dashboard: GATEWAY, title: 'Broker' },
  },
  {
    uid: 'sluice-subscribers-lose',
    title: 'Messages for subscribers lost',
    severity: 'warning',
    expr: 'sum by (instance) (increase(sluice_broker_session_messages_dropped_total[5m]))',
    threshold: 0,
    for: '15m',
    unit: 'number',
    summary: 'Queues of subscribers of {instance} have lost {value} messages in five minutes',
    description:
      'A subscriber is absent or slow for so long that its queue is full. Everything is in the store all the same.',
    panel: { dashboard: GATEWAY, title: 'Broker' },
  },
  {
    uid: 'sluice-clock-wrong',
    title: 'Clock wrong',
    severity: 'warning',
    // Both sides are filtered first: for equal labels "or" returns the left side, even when it is 0.
    expr:
      'max by (instance) (sluice_clock_implausible > 0 or ' + 'increase(sluice_clock_steps_total[10m]) > 0)',
    threshold: 0,
    for: '0s',
    unit: 'number',
    summary: 'The clock of {instance} is wrong, or was set by more than a minute',
    description:
      'Readings without a time of their own get the time of this clock, and readings far from it are parked.',
    panel: { dashboard: GATEWAY, title: 'Parked, by reason' },
  },
  {
    uid: 'sluice-event-loop-blocked',
    title: 'Event loop blocked',
    severity: 'warning',
    expr: 'max by (instance) (nodejs_eventloop_lag_p99_seconds{job=~"sluice.*"})',
    threshold: 0.5,
    for: '5m',
    unit: 'seconds',
    summary: 'The main thread of {instance} is blocked for {value}',
    description: 'There is too little CPU, or the machine swaps. Acknowledgements are delayed by this time.',
    panel: { dashboard: GATEWAY, title: 'Event loop' },
  },
];
