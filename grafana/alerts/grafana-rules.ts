import { type AlertRule, runbookOf } from './alert-rule.js';
import { panelLink } from './panel-link.js';

const DATASOURCE = 'sluice-prometheus';

/** Functions in Grafana's templates, which are written before the value. */
const WRITTEN = { seconds: 'humanizeDuration', share: 'humanizePercentage', number: 'humanize' } as const;

/**
 * Returns the content of grafana/provisioning/alerting/sluice.yaml. Grafana replaces environment variables in most of
 * such a file, but neither in annotations (as $NAME; grafana/grafana#54975) nor in queries, so dollar signs are safe
 * there.
 */
export function alertProvisioning(alerts: readonly AlertRule[]): object {
  return {
    apiVersion: 1,
    groups: [{ orgId: 1, name: 'sluice', folder: 'Sluice', interval: '1m', rules: alerts.map(ruleOf) }],
  };
}

function ruleOf(rule: AlertRule): object {
  const range = { from: 600, to: 0 };
  const { dashboardUid, panelId } = panelLink(rule);
  const summary = rule.summary
    .replaceAll('{instance}', '{{ $labels.instance }}')
    .replaceAll('{value}', `{{ ${WRITTEN[rule.unit]} $values.A.Value }}`);
  return {
    uid: rule.uid,
    title: rule.title,
    condition: 'B',
    for: rule.for,
    // Some queries normally have no result; a separate alert fires when there are no metrics at all.
    noDataState: 'OK',
    execErrState: 'KeepLast',
    dashboardUid,
    panelId,
    labels: { product: 'sluice', severity: rule.severity },
    annotations: {
      summary,
      description: rule.description,
      runbook: runbookOf(rule),
      __dashboardUid__: dashboardUid,
      __panelId__: String(panelId),
    },
    data: [
      {
        refId: 'A',
        relativeTimeRange: range,
        datasourceUid: DATASOURCE,
        model: { refId: 'A', expr: rule.expr, instant: true },
      },
      {
        refId: 'B',
        relativeTimeRange: range,
        datasourceUid: '__expr__',
        model: {
          refId: 'B',
          type: 'threshold',
          expression: 'A',
          conditions: [{ evaluator: { type: 'gt', params: [rule.threshold] } }],
        },
      },
    ],
  };
}
