import { influxql, type Query } from '../../src/grafana/query.js';
import type { MetricQueries } from './metric-queries.js';

const FROM = 'FROM "sluice" WHERE "gateway" =~ /^$gateway$/';
const EACH = 'GROUP BY time($__interval), "gateway"';

/** Selects gateways by host name. */
export const GATEWAY_VARIABLE = {
  name: 'gateway',
  label: 'Gateway',
  query: 'SHOW TAG VALUES FROM "sluice" WITH KEY = "gateway"',
  isMulti: true,
} as const;

/** Queries for the metrics that a gateway writes with `metrics.store.enabled`: the field has the metric's name without `sluice_`. */
export const INFLUX: MetricQueries = {
  rates: (counters) => [overTime(counters.map(([metric, legend]) => [perSecond(metric), legend]))],
  gauges: (gauges) => [overTime(gauges.map(([metric, legend]) => [last(metric), legend]))],
  share: (part, whole) => [overTime([[`${last(part)} / ${last(whole)}`, 'share']])],
  labelled: (metric, label, only) => [byLabel(last(metric), label, conditionOf(label, only))],
  labelledRates: (metric, label) => [byLabel(perSecond(metric), label, conditionOf(label))],
  quantiles: (histogram) => [overTime([50, 95, 99].map((p) => [last(`${histogram}_p${p}`), `p${p}`]))],
};

function field(metric: string): string {
  return `"${metric.replace(/^sluice_/, '')}"`;
}

function last(metric: string): string {
  return `last(${field(metric)})`;
}

/** Returns the rate of a counter. A restart resets counters to zero; that negative step is omitted. */
function perSecond(metric: string): string {
  return `non_negative_derivative(${last(metric)}, 1s)`;
}

function overTime(columns: readonly (readonly [expression: string, legend: string])[]): Query {
  const named = columns.filter(([, legend]) => legend !== '');
  const selected = columns.map(([expression, legend]) =>
    legend === '' ? expression : `${expression} AS "${legend}"`,
  );
  const alias = named.length === 0 ? '$tag_gateway' : '$tag_gateway $col';
  return influxql(`SELECT ${selected.join(', ')} ${FROM} AND $timeFilter ${EACH} fill(none)`, alias);
}

/** Excludes points without the label, which belong to other metrics. */
function conditionOf(label: string, only?: { readonly value: string; readonly isExcluded: boolean }): string {
  if (only === undefined) return `"${label}" != ''`;
  return only.isExcluded
    ? `"${label}" != '' AND "${label}" != '${only.value}'`
    : `"${label}" = '${only.value}'`;
}

function byLabel(expression: string, label: string, condition: string): Query {
  return influxql(
    `SELECT ${expression} ${FROM} AND ${condition} AND $timeFilter ${EACH}, "${label}" fill(none)`,
    `$tag_gateway $tag_${label}`,
  );
}
