import type { DASHBOARDS } from '../build/links.js';

/**
 * One alert, for Grafana and for Prometheus. It fires when `expr` has been above `threshold` for the time `for`.
 * `expr` is PromQL that keeps the label `instance`; without Prometheus data it has no result.
 */
export interface AlertRule {
  /** Lower case with hyphens; the name in Prometheus is derived from it. */
  readonly uid: string;
  /** Also the heading in docs/runbook.md. */
  readonly title: string;
  /** critical: data is at risk, or devices are not served. warning: this will happen without action. */
  readonly severity: 'critical' | 'warning';
  readonly expr: string;
  readonly threshold: number;
  readonly for: string;
  /** How the value is formatted in `summary`. */
  readonly unit: 'seconds' | 'share' | 'number';
  /** A line for a notification; `{instance}` and `{value}` are replaced. */
  readonly summary: string;
  readonly description: string;
  /** The panel to check first. */
  readonly panel: { readonly dashboard: (typeof DASHBOARDS)[number]['uid']; readonly title: string };
}

/** Returns the name in Prometheus: `sluice-log-full` → `SluiceLogFull`. */
export function alertName({ uid }: Pick<AlertRule, 'uid'>): string {
  return uid
    .split('-')
    .map((word) => `${word[0]!.toUpperCase()}${word.slice(1)}`)
    .join('');
}

/** Returns the section of the documentation that explains what to do. */
export function runbookOf({ title }: Pick<AlertRule, 'title'>): string {
  return `docs/runbook.md#${title.toLowerCase().replaceAll(' ', '-')}`;
}
