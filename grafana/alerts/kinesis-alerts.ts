import type { AlertRule } from './alert-rule.js';

const KINESIS = 'sluice-kinesis';

/** Silent without Kinesis mode: their metrics are not there. */
export const KINESIS_ALERTS: readonly AlertRule[] = [
  {
    uid: 'sluice-oldest-unsent',
    title: 'Oldest unsent record',
    severity: 'warning',
    expr: 'max by (instance) (sluice_kinesis_producer_oldest_unsent_seconds)',
    threshold: 60,
    for: '5m',
    unit: 'seconds',
    summary: 'Records of {instance} wait for Kinesis since {value}',
    description: 'Kinesis is away, throttles, or has too few shards. Nothing is lost while the log has room.',
    panel: { dashboard: KINESIS, title: 'Oldest unsent record' },
  },
  {
    uid: 'sluice-kinesis-errors',
    title: 'Kinesis errors',
    severity: 'warning',
    // Filtered first: of two vectors with the same labels "or" takes the left one, also when that says 0.
    expr:
      'max by (instance) (sluice_kinesis_producer_state{state="retrying"} > 0 or ' +
      'sluice_kinesis_reader_state{state="retrying"} > 0)',
    threshold: 0,
    for: '5m',
    unit: 'number',
    summary: '{instance} cannot work with Kinesis',
    description: 'It is down, throttles or cannot be reached. Records wait in the log or in the stream.',
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
      'The stream is gone, or credentials, IAM or KMS refuse. It does not mend itself; records wait.',
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
    description: 'The consumers are slower than the gateways, or the store holds them up.',
    panel: { dashboard: KINESIS, title: 'Behind the stream' },
  },
  {
    uid: 'sluice-data-loss-ahead',
    title: 'Data loss ahead',
    severity: 'critical',
    expr: 'max by (instance) (sluice_kinesis_reader_behind_latest_seconds)',
    // Half of 24 h, the retention of a new stream.
    threshold: 43_200,
    for: '0s',
    unit: 'seconds',
    summary: '{instance} reads {value} behind: records will leave the stream unread',
    description: 'More than half of the retention of a new stream (24 h). What is older than it is deleted.',
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
    description: 'Kinesis does not answer for at least one shard; its records stay in the stream.',
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
    summary: 'Records have left the stream before {instance} read them',
    description: 'The reader was away or behind for longer than the retention. They are gone.',
    panel: { dashboard: KINESIS, title: 'Throttles and failures' },
  },
];
