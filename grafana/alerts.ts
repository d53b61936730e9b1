/** Fires while the expression is above the threshold for so long. */
export interface AlertRule {
  readonly uid: string;
  readonly title: string;
  readonly expr: string;
  readonly threshold: number;
  readonly for: string;
  readonly runbook: string;
}

export const ALERTS: readonly AlertRule[] = [
  {
    uid: 'sluice-log-filling',
    title: 'Log filling',
    expr: 'max by (instance) (sluice_log_size_bytes / sluice_log_max_size_bytes)',
    threshold: 0.8,
    for: '5m',
    runbook:
      'The store or Kinesis is slow or away: see /readyz. At 100 % PUBACKs wait. Mend it, or raise stream.log.maxSize.',
  },
  {
    uid: 'sluice-oldest-unsent',
    title: 'Oldest unsent record',
    expr: 'max by (instance) (sluice_kinesis_producer_oldest_unsent_seconds)',
    threshold: 60,
    for: '5m',
    runbook:
      'Kinesis does not take records fast enough: look for throttles on the Kinesis dashboard, add shards.',
  },
  {
    uid: 'sluice-lag',
    title: 'Lag',
    expr: 'max by (instance) (sluice_consumer_lag_seconds)',
    threshold: 60,
    for: '5m',
    runbook: 'Records wait for the store: look at its state and its requests on the Gateway dashboard.',
  },
  {
    uid: 'sluice-dead-letters',
    title: 'Dead letters',
    expr: 'sum by (instance) (delta(sluice_ledger_records{fate="parked"}[5m]))',
    threshold: 0,
    for: '0s',
    runbook: 'Records were parked: read them with sluice dead-letters and mend the rule or the device.',
  },
  {
    uid: 'sluice-store-errors',
    title: 'Store errors',
    expr: 'max by (instance) (sluice_sink_state{state=~"retrying|misconfigured"})',
    threshold: 0,
    for: '5m',
    runbook: 'The store is down or refuses the gateway: misconfigured means token, database or address.',
  },
  {
    uid: 'sluice-silent-fleet',
    title: 'Silent fleet',
    expr: 'sum by (instance) (rate(sluice_broker_packets_accepted_total[5m])) == bool 0',
    threshold: 0.5,
    for: '5m',
    runbook:
      'No packet was taken for five minutes: look at connections, refusals and the network. Also fires without metrics, when the gateway is down.',
  },
];

const DATASOURCE = 'sluice-prometheus';

/** Content of grafana/provisioning/alerting/sluice.yaml. A dollar sign would have to be doubled there; none is used. */
export function alertProvisioning(): object {
  return {
    apiVersion: 1,
    groups: [{ orgId: 1, name: 'sluice', folder: 'Sluice', interval: '1m', rules: ALERTS.map(ruleOf) }],
  };
}

function ruleOf({ uid, title, expr, threshold, for: pending, runbook }: AlertRule): object {
  const range = { from: 600, to: 0 };
  return {
    uid,
    title,
    condition: 'B',
    for: pending,
    noDataState: uid === 'sluice-silent-fleet' ? 'Alerting' : 'OK',
    execErrState: 'KeepLast',
    labels: { product: 'sluice' },
    annotations: { summary: title, runbook },
    data: [
      {
        refId: 'A',
        relativeTimeRange: range,
        datasourceUid: DATASOURCE,
        model: { refId: 'A', expr, instant: true },
      },
      {
        refId: 'B',
        relativeTimeRange: range,
        datasourceUid: '__expr__',
        model: {
          refId: 'B',
          type: 'threshold',
          expression: 'A',
          conditions: [{ evaluator: { type: 'gt', params: [threshold] } }],
        },
      },
    ],
  };
}
