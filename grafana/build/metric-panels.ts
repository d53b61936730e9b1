import { type PanelSpec, promql, type ThresholdStep } from './panel.js';

/** The chosen gateways. */
export const ONLY = '{instance=~"$instance"}';

/** Label matchers of the chosen gateways and one label value. */
export function only(label: string, value: string): string {
  return `{instance=~"$instance",${label}="${value}"}`;
}

/** Rates of counters, per second. */
export function rates(
  title: string,
  description: string,
  unit: string,
  counters: readonly (readonly [metric: string, legend: string])[],
): PanelSpec {
  const queries = counters.map(([metric, legend]) =>
    promql(`sum(rate(${metric}${ONLY}[$__rate_interval]))`, legend),
  );
  return { title, description, kind: 'timeseries', unit, width: 8, queries };
}

/** 50, 95 and 99 of 100 of a histogram in seconds. */
export function quantiles(title: string, description: string, histogram: string): PanelSpec {
  const queries = [0.5, 0.95, 0.99].map((share) =>
    promql(
      `histogram_quantile(${share}, sum by (le) (rate(${histogram}_bucket${ONLY}[$__rate_interval])))`,
      `p${share * 100}`,
    ),
  );
  return { title, description, kind: 'timeseries', unit: 's', width: 8, queries };
}

/** One query, as a number or over time. */
export function single(
  kind: PanelSpec['kind'],
  title: string,
  description: string,
  unit: string,
  expr: string,
  options: { width?: number; legend?: string; thresholds?: readonly ThresholdStep[] } = {},
): PanelSpec {
  const { width = kind === 'stat' ? 4 : 8, legend = '', thresholds } = options;
  const queries = [promql(expr, legend)];
  return {
    title,
    description,
    kind,
    unit,
    width,
    queries,
    ...(thresholds === undefined ? {} : { thresholds }),
  };
}

/** Gateways by address. */
export const INSTANCE_VARIABLE = {
  name: 'instance',
  label: 'Gateway',
  query: 'label_values(sluice_dead_letter_size_bytes, instance)',
  isMulti: true,
} as const;
