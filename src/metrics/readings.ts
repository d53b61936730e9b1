import type { Registry } from 'prom-client';

/** One metric as a scrape sees it. */
export interface MetricReading {
  readonly name: string;
  readonly help: string;
  readonly kind: 'counter' | 'gauge' | 'histogram' | 'summary';
  readonly values: readonly MetricValue[];
}

export interface MetricValue {
  readonly labels: Readonly<Record<string, string | number>>;
  readonly value: number;
  /** Of histograms: which of `…_bucket`, `…_sum` and `…_count` it is. */
  readonly metricName?: string;
}

/** Everything in the registry, in its order. Collects it, as a scrape does. */
export async function readMetrics(registry: Registry): Promise<readonly MetricReading[]> {
  // prom-client declares `type` as a number, which it is not.
  const metrics = (await registry.getMetricsAsJSON()) as unknown as readonly {
    readonly name: string;
    readonly help: string;
    readonly type: MetricReading['kind'];
    readonly values: readonly MetricValue[];
  }[];
  return metrics.map(({ name, help, type, values }) => ({ name, help, kind: type, values }));
}

/** A histogram taken apart. */
export interface HistogramReading {
  /** Upper bounds, ascending, without +Inf. */
  readonly bounds: readonly number[];
  /** One for each bound and one for what lies beyond; not cumulative. */
  readonly counts: readonly number[];
  readonly count: number;
  readonly sum: number;
}

/** Of one label set, without `le`: `values` must hold no other. */
export function histogramOf(values: readonly MetricValue[]): HistogramReading {
  const bounds: number[] = [];
  const counts: number[] = [];
  let below = 0;
  let sum = 0;
  for (const { labels, value, metricName } of values) {
    if (metricName?.endsWith('_sum')) sum = value;
    if (!metricName?.endsWith('_bucket')) continue;
    if (labels.le !== '+Inf') bounds.push(Number(labels.le));
    counts.push(value - below);
    below = value;
  }
  return { bounds, counts, count: below, sum };
}
