import { METRICS, type MetricDescription } from '../../src/metrics/create-metrics.js';

/** Metrics of the process that a gateway writes too, under their own names. */
export const PROCESS_FIELDS = [
  'process_resident_memory_bytes',
  'process_cpu_seconds_total',
  'nodejs_eventloop_lag_p99_seconds',
  'nodejs_heap_size_used_bytes',
] as const;

/** Kinds of the measurement `sluice_events`. */
export const EVENT_KINDS = [
  'start',
  'stop',
  'outage',
  'recovered',
  'log-blocked',
  'log-unblocked',
  'records-dropped',
  'records-gone',
  'reshard',
  'leases-taken',
  'leases-lost',
] as const;

const HISTOGRAM_SUFFIXES = ['count', 'sum', 'p50', 'p95', 'p99'] as const;
const QUANTILES = [
  ['p50', 0.5],
  ['p95', 0.95],
  ['p99', 0.99],
] as const;

/** Fields of the measurement `sluice`, by the tag that stands beside `gateway`; '' for none. */
export function sluiceFields(): Map<string, string> {
  const fields = new Map<string, string>();
  for (const { name, kind, label } of METRICS) {
    if (kind !== 'histogram') fields.set(fieldOf(name), label ?? '');
    else for (const suffix of HISTOGRAM_SUFFIXES) fields.set(`${fieldOf(name)}_${suffix}`, '');
  }
  for (const name of PROCESS_FIELDS) fields.set(name, '');
  return fields;
}

function fieldOf(metric: string): string {
  return metric.replace(/^sluice_/, '');
}

/** One scrape: `name{label="value"}` with its number. */
export type Exposition = ReadonlyMap<string, number>;

export function readExposition(text: string): Exposition {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    lines.map((line) => {
      const end = line.lastIndexOf(' ');
      return [line.slice(0, end), Number(line.slice(end + 1))];
    }),
  );
}

/**
 * Lines of one sample as a gateway writes them: unlabelled metrics in one point, each value of a label in its own,
 * histograms as count and sum, and quantiles of what came since `before`. `last`: newest of all samples; a
 * labelled counter that has not moved until then is left out.
 */
export function metricLines(
  now: Exposition,
  before: Exposition | undefined,
  last: Exposition,
  gateway: string,
  timestampMs: number,
): string[] {
  const plain: string[] = [];
  const lines: string[] = [];
  const add = (field: string, value: number | undefined) => {
    if (value !== undefined && Number.isFinite(value)) plain.push(`${field}=${value}`);
  };
  for (const metric of METRICS) {
    if (metric.kind === 'histogram') {
      for (const [suffix, value] of histogramFields(metric, now, before))
        add(`${fieldOf(metric.name)}_${suffix}`, value);
    } else if (metric.label === undefined) add(fieldOf(metric.name), now.get(metric.name));
    else lines.push(...labelledLines(metric, now, last, gateway));
  }
  for (const name of PROCESS_FIELDS) add(name, now.get(name));
  return [`sluice,gateway=${gateway} ${plain.join(',')}`, ...lines].map(
    (line) => `${line} ${timestampMs}000000`,
  );
}

function labelledLines(
  { name, label, kind }: MetricDescription,
  now: Exposition,
  last: Exposition,
  gateway: string,
): string[] {
  const start = `${name}{${label}="`;
  return [...now]
    .filter(([key]) => key.startsWith(start) && (kind === 'gauge' || last.get(key) !== 0))
    .map(
      ([key, value]) =>
        `sluice,gateway=${gateway},${label}=${key.slice(start.length, -2).replace(/[ ,=]/g, '\\$&')} ${fieldOf(name)}=${value}`,
    );
}

function histogramFields(
  { name }: MetricDescription,
  now: Exposition,
  before: Exposition | undefined,
): [string, number][] {
  const since = (key: string) => (now.get(key) ?? 0) - (before?.get(key) ?? 0);
  const count = since(`${name}_count`);
  const fields: [string, number][] = [
    ['count', count],
    ['sum', since(`${name}_sum`)],
  ];
  if (count === 0) return fields;
  const buckets = [...now.keys()]
    .filter((key) => key.startsWith(`${name}_bucket{le="`))
    .map((key) => ({
      bound: Number(/"(.+)"/.exec(key)![1]!.replace('+Inf', 'Infinity')),
      below: since(key),
    }));
  for (const [suffix, share] of QUANTILES) {
    const bound = buckets.find(({ below }) => below >= share * count)!.bound;
    fields.push([suffix, Number.isFinite(bound) ? bound : buckets.at(-2)!.bound]);
  }
  return fields;
}
