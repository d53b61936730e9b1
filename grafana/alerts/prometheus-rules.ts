import { type AlertRule, alertName, runbookOf } from './alert-rule.js';
import { panelLink } from './panel-link.js';

/** Functions in Prometheus' templates, which values are piped into. */
const WRITTEN = { seconds: 'humanizeDuration', share: 'humanizePercentage', number: 'humanize' } as const;

/** The label is not there unless somebody sets it, and prints nothing then. */
const DOCS_ADDRESS = '{{ with $externalLabels.sluice_docs }}{{ . }}{{ end }}';

/** Returns the content of deploy/prometheus/alerts.yml. */
export function prometheusRules(alerts: readonly AlertRule[]): object {
  return { groups: [{ name: 'sluice', rules: alerts.map(ruleOf) }] };
}

function ruleOf(rule: AlertRule): object {
  const { dashboardUid, panelId } = panelLink(rule);
  const summary = rule.summary
    .replaceAll('{instance}', '{{ $labels.instance }}')
    .replaceAll('{value}', `{{ $value | ${WRITTEN[rule.unit]} }}`);
  return {
    alert: alertName(rule),
    expr: `(${rule.expr}) > ${rule.threshold}`,
    for: rule.for,
    labels: { product: 'sluice', severity: rule.severity },
    annotations: {
      summary,
      description: rule.description,
      // A path in the repository, or a link where the external label says at which address the repository is.
      runbook: `${DOCS_ADDRESS}${runbookOf(rule)}`,
      // A path below the address of Grafana.
      dashboard: `/d/${dashboardUid}?viewPanel=${panelId}`,
    },
  };
}
