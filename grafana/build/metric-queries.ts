import type { Query } from '../../src/dashboard/query.js';

/** A metric by its Prometheus name, and what a legend calls it. */
export type NamedMetric = readonly [metric: string, legend: string];

/** How the gateway's metrics are asked for; the same panels are made from Prometheus and from InfluxDB. */
export interface MetricQueries {
  /** Counters, per second. */
  rates(counters: readonly NamedMetric[]): Query[];
  /** Gauges as they are, of each gateway. */
  gauges(gauges: readonly NamedMetric[]): Query[];
  /** One gauge as a share of another, of each gateway. */
  share(part: string, whole: string): Query[];
  /** A gauge with a label, of each gateway; only of one value of the label, or of all but one. */
  labelled(
    metric: string,
    label: string,
    only?: { readonly value: string; readonly isExcluded: boolean },
  ): Query[];
  /** A counter with a label, per second, of each gateway. */
  labelledRates(metric: string, label: string): Query[];
  /** 50, 95 and 99 of 100 of a histogram in seconds. */
  quantiles(histogram: string): Query[];
}
