import type { Query } from '../../src/grafana/query.js';

/** A metric by its Prometheus name, and its name in the legend. */
export type NamedMetric = readonly [metric: string, legend: string];

/** Queries for the gateway's metrics. Prometheus and InfluxDB implement it, so that both get the same panels. */
export interface MetricQueries {
  /** Returns the rates of counters per second. */
  rates(counters: readonly NamedMetric[]): Query[];
  /** Returns gauges of each gateway. */
  gauges(gauges: readonly NamedMetric[]): Query[];
  /** Returns one gauge as a share of another, for each gateway. */
  share(part: string, whole: string): Query[];
  /** Returns a gauge by label for each gateway: for all values of the label, for one value, or for all but one. */
  labelled(
    metric: string,
    label: string,
    only?: { readonly value: string; readonly isExcluded: boolean },
  ): Query[];
  /** Returns the rate of a counter per second by label, for each gateway. */
  labelledRates(metric: string, label: string): Query[];
  /** Returns the 50th, 95th and 99th percentile of a histogram. */
  quantiles(histogram: string): Query[];
}
