import type { DASHBOARDS } from '../build/links.js';

/**
 * One alert, for Grafana and for Prometheus. It fires while `expr` is above `threshold` for as long as `for` says.
 * `expr` is PromQL that keeps the label `instance`; without Prometheus data it gives nothing.
 */
export interface AlertRule {
  /** Lower case with hyphens; the name in Prometheus is made of it. */
  readonly uid: string;
  /** Also the heading in docs/operations.md. */
  readonly title: string;
  /** critical: data is at risk or nobody is served. warning: it will be, if nobody looks. */
  readonly severity: 'critical' | 'warning';
  readonly expr: string;
  readonly threshold: number;
  readonly for: string;
  /** How the value is written in `summary`. */
  readonly unit: 'seconds' | 'share' | 'number';
  /** One line for a phone. `{instance}` and `{value}` are put in. */
  readonly summary: string;
  readonly description: string;
  /** Where to look first. */
  readonly panel: { readonly dashboard: (typeof DASHBOARDS)[number]['uid']; readonly title: string };
}

/** `sluice-log-full` → `SluiceLogFull`, as Prometheus names alerts. */
export function alertName({ uid }: Pick<AlertRule, 'uid'>): string {
  return uid
    .split('-')
    .map((word) => `${word[0]!.toUpperCase()}${word.slice(1)}`)
    .join('');
}

/** The section that says what to do; the heading's anchor. */
export function runbookOf({ title }: Pick<AlertRule, 'title'>): string {
  return `docs/operations.md#${title.toLowerCase().replaceAll(' ', '-')}`;
}
