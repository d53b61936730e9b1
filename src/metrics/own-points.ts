import type { Field, Point, Series, Tag } from '../sink/sink.js';
import { quantile } from './quantile.js';
import { histogramOf, type MetricReading } from './readings.js';

const OWN_PREFIX = 'sluice_';

const QUANTILES = [
  ['p50', 0.5],
  ['p95', 0.95],
  ['p99', 0.99],
] as const;

export interface OwnPointsOptions {
  readonly measurement: string;
  /** Value of the tag `gateway`. */
  readonly instance: string;
}

/**
 * The metrics of one sample as points:
 * 1. One point with every metric that has no label, of all stages; of the defaults of prom-client only such.
 * 2. One point for each value of a label, with the label as a further tag; metrics that share a value share it.
 * 3. A histogram gives `_count`, `_sum`, and `_p50`, `_p95`, `_p99` of what was observed since the sample before;
 *    without an observation the last three are left out.
 * 4. Every value is a float, and a name loses its prefix `sluice_`: a field keeps its type for ever.
 * 5. A labelled counter has no point until it moves; then it has one with 0 beside the sample before, too.
 */
export class OwnPoints {
  readonly #options: OwnPointsOptions;
  readonly #series = new Map<string, Series>();
  readonly #bucketsBefore = new Map<string, readonly number[]>();
  readonly #moved = new Set<string>();
  #beforeNs: bigint | undefined;

  constructor(options: OwnPointsOptions) {
    this.#options = options;
  }

  of(readings: readonly MetricReading[], timestampNs: bigint): readonly Point[] {
    const points = new PointsBySeries((label, value) => this.#seriesOf(label, value));
    for (const reading of readings) {
      if (reading.kind === 'histogram') this.#addHistogram(points, reading, timestampNs);
      else this.#addValues(points, reading, timestampNs);
    }
    this.#beforeNs = timestampNs;
    return points.all();
  }

  #addValues(points: PointsBySeries, { name, kind, values }: MetricReading, timestampNs: bigint): void {
    const field = fieldName(name);
    for (const { labels, value } of values) {
      const [pair, ...further] = Object.entries(labels);
      if (pair === undefined) {
        points.add('', '', timestampNs, field, value);
        continue;
      }
      if (!name.startsWith(OWN_PREFIX) || further.length > 0) continue;
      const [label, labelled] = [pair[0], String(pair[1])];
      const counter = `${name} ${labelled}`;
      if (kind === 'counter' && !this.#moved.has(counter)) {
        if (value === 0) continue;
        this.#moved.add(counter);
        // From there a query sees the first increase, too.
        if (this.#beforeNs !== undefined) points.add(label, labelled, this.#beforeNs, field, 0);
      }
      points.add(label, labelled, timestampNs, field, value);
    }
  }

  #addHistogram(points: PointsBySeries, { name, values }: MetricReading, timestampNs: bigint): void {
    if (!name.startsWith(OWN_PREFIX)) return;
    const { bounds, counts, count, sum } = histogramOf(values);
    const before = this.#bucketsBefore.get(name);
    const since = counts.map((total, at) => total - (before?.[at] ?? 0));
    this.#bucketsBefore.set(name, counts);
    const field = fieldName(name);
    points.add('', '', timestampNs, `${field}_count`, count);
    points.add('', '', timestampNs, `${field}_sum`, sum);
    for (const [suffix, q] of QUANTILES) {
      const value = quantile(q, bounds, since);
      if (value !== undefined) points.add('', '', timestampNs, `${field}_${suffix}`, value);
    }
  }

  /** The same object for the same series, so that a sink can keep what it made of it. */
  #seriesOf(label: string, value: string): Series {
    const key = `${label}=${value}`;
    const known = this.#series.get(key);
    if (known !== undefined) return known;
    const gateway: Tag = { name: 'gateway', value: this.#options.instance };
    const tags = label === '' ? [gateway] : sorted([gateway, { name: label, value }]);
    const series: Series = { measurement: this.#options.measurement, tags };
    this.#series.set(key, series);
    return series;
  }
}

/** Collects fields into one point a series and time. */
class PointsBySeries {
  readonly #seriesOf: (label: string, value: string) => Series;
  readonly #points = new Map<string, { series: Series; timestampNs: bigint; fields: Field[] }>();

  constructor(seriesOf: (label: string, value: string) => Series) {
    this.#seriesOf = seriesOf;
  }

  add(label: string, labelled: string, timestampNs: bigint, name: string, value: number): void {
    // A mean of nothing is no number, and no store takes one.
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
  return metric.startsWith(OWN_PREFIX) ? metric.slice(OWN_PREFIX.length) : metric;
}

function sorted(tags: readonly Tag[]): readonly Tag[] {
  return [...tags].sort((a, b) => Buffer.compare(Buffer.from(a.name), Buffer.from(b.name)));
}
