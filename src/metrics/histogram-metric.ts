import { Histogram, type Registry } from 'prom-client';
import { LATENCY_BOUNDS_MS, type LatencyCounts } from '../lib/latency-histogram.js';

const MS_PER_SECOND = 1_000;

/** A histogram in seconds whose counts are kept elsewhere and read when it is scraped. */
export class HistogramMetric extends Histogram {
  readonly #name: string;
  readonly #help: string;
  readonly #read: () => LatencyCounts;

  constructor(name: string, help: string, registry: Registry, read: () => LatencyCounts) {
    super({ name, help, registers: [registry], buckets: LATENCY_BOUNDS_MS.map((ms) => ms / MS_PER_SECOND) });
    this.#name = name;
    this.#help = help;
    this.#read = read;
  }

  override get(): ReturnType<Histogram['get']> {
    const { counts, sumMs } = this.#read();
    const values: { metricName: string; labels: Record<string, string | number>; value: number }[] = [];
    const add = (suffix: string, labels: Record<string, string | number>, value: number) =>
      values.push({ metricName: `${this.#name}_${suffix}`, labels, value });
    let below = 0;
    for (const [at, count] of counts.entries()) {
      below += count;
      const bound = LATENCY_BOUNDS_MS[at];
      add('bucket', { le: bound === undefined ? '+Inf' : bound / MS_PER_SECOND }, below);
    }
    add('sum', {}, sumMs / MS_PER_SECOND);
    add('count', {}, below);
    // `super.get` would call `getForPromString` below. prom-client declares `type` as a number, but it is a text.
    const described = { name: this.#name, help: this.#help, type: 'histogram', aggregator: 'sum', values };
    return Promise.resolve(described as unknown as Awaited<ReturnType<Histogram['get']>>);
  }

  /** The registry calls this method if it exists; prom-client does not declare it. */
  getForPromString(): ReturnType<Histogram['get']> {
    return this.get();
  }
}
