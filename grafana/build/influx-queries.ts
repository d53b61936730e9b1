import { influxql, type Query } from '../../src/dashboard/query.js';
import type { MetricQueries } from './metric-queries.js';

const FROM = 'FROM "sluice" WHERE "gateway" =~ /^$gateway$/';
const EACH = 'GROUP BY time($__interval), "gateway"';

/** Gateways by host name. */
export const GATEWAY_VARIABLE = {
  name: 'gateway',
  label: 'Gateway',
  query: 'SHOW TAG VALUES FROM "sluice" WITH KEY = "gateway"',
  isMulti: true,
} as const;

/** As a gateway writes them with `metrics.store.enabled`: a field is called as the metric, without `sluice_`. */
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

/** A restart begins at zero again: that step is left out. */
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

/** Points without the label are of other metrics. */
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
