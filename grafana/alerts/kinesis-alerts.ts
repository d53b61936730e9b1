import type { AlertRule } from './alert-rule.js';

const KINESIS = 'sluice-kinesis';

/** Alerts for Kinesis mode. They never fire without it, because their metrics do not exist. */
export const KINESIS_ALERTS: readonly AlertRule[] = [
  {
    uid: 'sluice-oldest-unsent',
    title: 'Oldest unsent record',
    severity: 'warning',
    expr: 'max by (instance) (sluice_kinesis_producer_oldest_unsent_seconds)',
    threshold: 60,
    for: '5m',
    unit: 'seconds',
    summary: 'Records of {instance} have waited for Kinesis for {value}',
    description:
      'Kinesis is unavailable, throttles, or has too few shards. No record is lost while the log has room.',
    panel: { dashboard: KINESIS, title: 'Oldest unsent record' },
  },
  {
    uid: 'sluice-kinesis-errors',
    title: 'Kinesis errors',
    severity: 'warning',
    // Both sides are filtered first: for equal labels "or" returns the left side, even when it is 0.
    expr:
      'max by (instance) (sluice_kinesis_producer_state{state="retrying"} > 0 or ' +
      'sluice_kinesis_reader_state{state="retrying"} > 0)',
    threshold: 0,
    for: '5m',
    unit: 'number',
    summary: '{instance} cannot use Kinesis',
    description: 'Kinesis is down, throttles or is unreachable. Records wait in the log or in the stream.',
    panel: { dashboard: KINESIS, title: 'Throttles and failures' },
  },
  {
    uid: 'sluice-kinesis-misconfigured',
    title: 'Kinesis misconfigured',
    severity: 'critical',
    expr:
      'max by (instance) (sluice_kinesis_producer_state{state="misconfigured"} > 0 or ' +
      'sluice_kinesis_reader_state{state="misconfigured"} > 0)',
    threshold: 0,
    for: '1m',
    unit: 'number',
    summary: 'Kinesis refuses {instance}',
    description:
      'The stream does not exist, or credentials, IAM or KMS deny access. Records wait until you correct it.',
    panel: { dashboard: KINESIS, title: 'Throttles and failures' },
  },
  {
    uid: 'sluice-kinesis-behind',
    title: 'Kinesis reader behind',
    severity: 'warning',
    expr: 'max by (instance) (sluice_kinesis_reader_behind_latest_seconds)',
    threshold: 60,
    for: '5m',
    unit: 'seconds',
    summary: '{instance} reads {value} behind the stream',
    description: 'The consumers are slower than the gateways, or the store slows them down.',
    panel: { dashboard: KINESIS, title: 'Behind the stream' },
  },
  {
    uid: 'sluice-data-loss-ahead',
    title: 'Data loss ahead',
    severity: 'critical',
    expr: 'max by (instance) (sluice_kinesis_reader_behind_latest_seconds)',
    // Half of 24 h, the default retention of a stream.
    threshold: 43_200,
    for: '0s',
    unit: 'seconds',
    summary: '{instance} reads {value} behind: records will expire from the stream unread',
    description:
      'This is more than half of the default retention of a stream (24 h). Kinesis deletes older records.',
    panel: { dashboard: KINESIS, title: 'Behind the stream' },
  },
  {
    uid: 'sluice-poll-stalled',
    title: 'Poll stalled',
    severity: 'warning',
    expr: 'max by (instance) (sluice_kinesis_reader_last_poll_age_seconds)',
    threshold: 60,
    for: '1m',
    unit: 'seconds',
    summary: '{instance} has read nothing from a shard for {value}',
    description: 'Kinesis does not answer for at least one shard. Its records stay in the stream.',
    panel: { dashboard: KINESIS, title: 'Last good poll' },
  },
  {
    uid: 'sluice-stream-gap',
    title: 'Stream gap',
    severity: 'critical',
    expr: 'sum by (instance) (increase(sluice_kinesis_reader_gaps_total[1h]))',
    threshold: 0,
    for: '0s',
    unit: 'number',
    summary: 'Records expired from the stream before {instance} read them',
    description: 'The reader was stopped or behind for longer than the retention. The records are lost.',
    panel: { dashboard: KINESIS, title: 'Throttles and failures' },
  },
];
