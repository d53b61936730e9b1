import { promql, type Query } from '../../src/grafana/query.js';
import type { MetricQueries } from './metric-queries.js';

const CHOSEN = 'instance=~"$instance"';

/** Selects gateways by address. */
export const INSTANCE_VARIABLE = {
  name: 'instance',
  label: 'Gateway',
  query: 'label_values(sluice_dead_letter_size_bytes, instance)',
  isMulti: true,
} as const;

/** Queries for the metrics that Prometheus scrapes. */
export const PROMETHEUS: MetricQueries = {
  rates: (counters) =>
    counters.map(([metric, legend]) =>
      promql(`sum by (instance) (rate(${metric}{${CHOSEN}}[$__rate_interval]))`, `{{instance}} ${legend}`),
    ),
  gauges: (gauges) =>
    gauges.map(([metric, legend]) => promql(`${metric}{${CHOSEN}}`, `{{instance}} ${legend}`.trim())),
  share: (part, whole) => [promql(`${part}{${CHOSEN}} / ${whole}{${CHOSEN}}`, '{{instance}}')],
  labelled: (metric, label, only) => {
    const sign = only?.isExcluded === true ? '!=' : '=';
    const matcher = only === undefined ? '' : `,${label}${sign}"${only.value}"`;
    return [
      promql(`max by (instance, ${label}) (${metric}{${CHOSEN}${matcher}})`, `{{instance}} {{${label}}}`),
    ];
  },
  labelledRates: (metric, label) => [
    promql(
      `sum by (instance, ${label}) (rate(${metric}{${CHOSEN}}[$__rate_interval]))`,
      `{{instance}} {{${label}}}`,
    ),
  ],
  quantiles: (histogram) =>
    [0.5, 0.95, 0.99].map(
      (share): Query =>
        promql(
          `histogram_quantile(${share}, sum by (le) (rate(${histogram}_bucket{${CHOSEN}}[$__rate_interval])))`,
          `p${share * 100}`,
        ),
    ),
};
