import { type Field, type Point, type Series, sortedTags, type Tag } from '../sink/point.js';
import { histogramOf, type MetricSample, quantile } from './samples.js';

const SLUICE_PREFIX = 'sluice_';

const QUANTILES = [
  ['p50', 0.5],
  ['p95', 0.95],
  ['p99', 0.99],
] as const;

export interface SelfPointsOptions {
  readonly measurement: string;
  /** Value of the tag `gateway`. */
  readonly instance: string;
}

/**
 * Converts the metrics of one sample to points:
 * 1. One point contains every metric without a label. Default metrics of prom-client with a label are omitted.
 * 2. One point per value of a label has the label as an additional tag and contains all metrics with this value.
 * 3. A histogram becomes `_count`, `_sum`, and the quantiles `_p50`, `_p95`, `_p99` of the observations since the
 *    previous sample; without an observation the quantiles are omitted.
 * 4. Every value is a float, so that a field never changes its type. Names lose their prefix `sluice_`.
 * 5. A labelled counter has no point until it increases; then it also gets a point with 0 at the previous sample.
 */
export class SelfPoints {
  readonly #options: SelfPointsOptions;
  readonly #series = new Map<string, Series>();
  readonly #previousBuckets = new Map<string, readonly number[]>();
  readonly #increased = new Set<string>();
  #previousNs: bigint | undefined;

  constructor(options: SelfPointsOptions) {
    this.#options = options;
  }

  of(samples: readonly MetricSample[], timestampNs: bigint): readonly Point[] {
    const points = new PointsBySeries((label, value) => this.#seriesOf(label, value));
    for (const sample of samples) {
      if (sample.kind === 'histogram') this.#addHistogram(points, sample, timestampNs);
      else this.#addValues(points, sample, timestampNs);
    }
    this.#previousNs = timestampNs;
    return points.all();
  }

  #addValues(points: PointsBySeries, { name, kind, values }: MetricSample, timestampNs: bigint): void {
    const field = fieldName(name);
    for (const { labels, value } of values) {
      const [pair, ...further] = Object.entries(labels);
      if (pair === undefined) {
        points.add('', '', timestampNs, field, value);
        continue;
      }
      if (!name.startsWith(SLUICE_PREFIX) || further.length > 0) continue;
      const [label, labelled] = [pair[0], String(pair[1])];
      const counter = `${name} ${labelled}`;
      if (kind === 'counter' && !this.#increased.has(counter)) {
        if (value === 0) continue;
        this.#increased.add(counter);
        // With this point a query also sees the first increase.
        if (this.#previousNs !== undefined) points.add(label, labelled, this.#previousNs, field, 0);
      }
      points.add(label, labelled, timestampNs, field, value);
    }
  }

  #addHistogram(points: PointsBySeries, { name, values }: MetricSample, timestampNs: bigint): void {
    if (!name.startsWith(SLUICE_PREFIX)) return;
    const { bounds, counts, count, sum } = histogramOf(values);
    const previous = this.#previousBuckets.get(name);
    const since = counts.map((total, at) => total - (previous?.[at] ?? 0));
    this.#previousBuckets.set(name, counts);
    const field = fieldName(name);
    points.add('', '', timestampNs, `${field}_count`, count);
    points.add('', '', timestampNs, `${field}_sum`, sum);
    for (const [suffix, q] of QUANTILES) {
      const value = quantile(q, bounds, since);
      if (value !== undefined) points.add('', '', timestampNs, `${field}_${suffix}`, value);
    }
  }

  /** Returns the same object for the same series, because sinks cache what they derive from it. */
  #seriesOf(label: string, value: string): Series {
    const key = `${label}=${value}`;
    const known = this.#series.get(key);
    if (known !== undefined) return known;
    const gateway: Tag = { name: 'gateway', value: this.#options.instance };
    const tags = label === '' ? [gateway] : sortedTags([gateway, { name: label, value }]);
    const series: Series = { measurement: this.#options.measurement, tags };
    this.#series.set(key, series);
    return series;
  }
}

/** Collects fields into one point per series and time. */
class PointsBySeries {
  readonly #seriesOf: (label: string, value: string) => Series;
  readonly #points = new Map<string, { series: Series; timestampNs: bigint; fields: Field[] }>();

  constructor(seriesOf: (label: string, value: string) => Series) {
    this.#seriesOf = seriesOf;
  }

  add(label: string, labelled: string, timestampNs: bigint, name: string, value: number): void {
    // The mean of nothing is NaN, which no store accepts.
    if (!Number.isFinite(value)) return;
    const key = `${timestampNs} ${label}=${labelled}`;
    let point = this.#points.get(key);
    if (point === undefined) {
      point = { series: this.#seriesOf(label, labelled), timestampNs, fields: [] };
      this.#points.set(key, point);
    }
    point.fields.push({ name, type: 'float', value });
  }

  all(): readonly Point[] {
    return [...this.#points.values()];
  }
}

function fieldName(metric: string): string {
  return metric.startsWith(SLUICE_PREFIX) ? metric.slice(SLUICE_PREFIX.length) : metric;
}
