import type { Registry } from 'prom-client';

/** A metric as a scrape reads it. */
export interface MetricSample {
  readonly name: string;
  readonly help: string;
  readonly kind: 'counter' | 'gauge' | 'histogram' | 'summary';
  readonly values: readonly MetricValue[];
}

export interface MetricValue {
  readonly labels: Readonly<Record<string, string | number>>;
  readonly value: number;
  /** For histograms: the name with `_bucket`, `_sum` or `_count`. */
  readonly metricName?: string;
}

/** Collects all metrics of the registry like a scrape, and resolves with them in its order. */
export async function readSamples(registry: Registry): Promise<readonly MetricSample[]> {
  // prom-client declares `type` as a number, but it is a text.
  const metrics = (await registry.getMetricsAsJSON()) as unknown as readonly {
    readonly name: string;
    readonly help: string;
    readonly type: MetricSample['kind'];
    readonly values: readonly MetricValue[];
  }[];
  return metrics.map(({ name, help, type, values }) => ({ name, help, kind: type, values }));
}

/** The parts of a histogram. */
export interface HistogramSample {
  /** Upper bounds of the buckets, ascending, without +Inf. */
  readonly bounds: readonly number[];
  /** One count per bound and one for larger values; not cumulative. */
  readonly counts: readonly number[];
  readonly count: number;
  readonly sum: number;
}

/** Returns the histogram of one label set; `values` must not contain other label sets. */
export function histogramOf(values: readonly MetricValue[]): HistogramSample {
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

/**
 * Returns the value below which a share `q` of the observations lies. It assumes that observations are evenly spread
 * in their bucket, like histogram_quantile, and returns the last bound for larger values. Returns undefined without an
 * observation.
 *
 * @param counts one entry per bound and one for larger values
 */
export function quantile(
  q: number,
  bounds: readonly number[],
  counts: readonly number[],
): number | undefined {
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (total <= 0) return undefined;
  const rank = q * total;
  let below = 0;
  for (const [at, upper] of bounds.entries()) {
    const count = counts[at] ?? 0;
    if (count > 0 && below + count >= rank) {
      const lower = bounds[at - 1] ?? 0;
      return lower + (upper - lower) * ((rank - below) / count);
    }
    below += count;
  }
  return bounds.at(-1);
}
