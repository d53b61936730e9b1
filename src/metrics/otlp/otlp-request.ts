import { histogramOf, type MetricSample, type MetricValue } from '../samples.js';

/**
 * The JSON form of ExportMetricsServiceRequest (OTLP 1.x, opentelemetry-proto): 64-bit numbers as text, enums as
 * numbers, lowerCamelCase keys.
 */
export interface OtlpRequest {
  readonly resourceMetrics: readonly [
    {
      readonly resource: { readonly attributes: readonly Attribute[] };
      readonly scopeMetrics: readonly [
        {
          readonly scope: { readonly name: string; readonly version: string };
          readonly metrics: readonly Metric[];
        },
      ];
    },
  ];
}

interface Attribute {
  readonly key: string;
  readonly value: { readonly stringValue: string };
}

type Metric = { readonly name: string; readonly description: string; readonly unit?: string } & (
  | { readonly gauge: { readonly dataPoints: readonly NumberPoint[] } }
  | {
      readonly sum: { readonly dataPoints: readonly NumberPoint[] } & Cumulative & {
          readonly isMonotonic: true;
        };
    }
  | { readonly histogram: { readonly dataPoints: readonly HistogramPoint[] } & Cumulative }
);

interface Cumulative {
  readonly aggregationTemporality: typeof CUMULATIVE;
}

interface NumberPoint extends AtTime {
  readonly asDouble: number;
}

interface HistogramPoint extends AtTime {
  readonly count: string;
  readonly sum: number;
  readonly bucketCounts: readonly string[];
  readonly explicitBounds: readonly number[];
}

interface AtTime {
  readonly attributes: readonly Attribute[];
  readonly startTimeUnixNano: string;
  readonly timeUnixNano: string;
}

/** AGGREGATION_TEMPORALITY_CUMULATIVE: totals since the start, so that a lost request loses no data. */
const CUMULATIVE = 2;

export interface OtlpSource {
  readonly version: string;
  /** service.instance.id */
  readonly instance: string;
  /** Start of the process, when all counters were 0. */
  readonly startNs: bigint;
}

export function otlpRequest(
  samples: readonly MetricSample[],
  { version, instance, startNs }: OtlpSource,
  nowNs: bigint,
): OtlpRequest {
  const time = { startTimeUnixNano: String(startNs), timeUnixNano: String(nowNs) };
  const metrics = samples.map((sample) => metricOf(sample, time)).filter((metric) => metric !== undefined);
  const resource = resourceOf(version, instance);
  return { resourceMetrics: [{ resource, scopeMetrics: [{ scope: { name: 'sluice', version }, metrics }] }] };
}

export function resourceOf(version: string, instance: string): { readonly attributes: readonly Attribute[] } {
  return {
    attributes: attributesOf({
      'service.name': 'sluice',
      'service.version': version,
      'service.instance.id': instance,
    }),
  };
}

type Time = Omit<AtTime, 'attributes'>;

/** Returns undefined for a metric without a value. */
function metricOf({ name, help, kind, values }: MetricSample, time: Time): Metric | undefined {
  const described = { name, description: help, unit: unitOf(name) };
  if (kind === 'histogram') {
    const dataPoints = byLabels(values).map((each) => histogramPoint(each, time));
    if (dataPoints.length === 0) return undefined;
    return { ...described, histogram: { dataPoints, aggregationTemporality: CUMULATIVE } };
  }
  const dataPoints = values
    .filter(({ value }) => Number.isFinite(value))
    .map(({ labels, value }) => ({ attributes: attributesOf(labels), ...time, asDouble: value }));
  if (dataPoints.length === 0) return undefined;
  return kind === 'counter'
    ? { ...described, sum: { dataPoints, aggregationTemporality: CUMULATIVE, isMonotonic: true } }
    : { ...described, gauge: { dataPoints } };
}

function histogramPoint(values: readonly MetricValue[], time: Time): HistogramPoint {
  const { bounds, counts, count, sum } = histogramOf(values);
  return {
    attributes: attributesOf(withoutBound(values[0]!.labels)),
    ...time,
    count: String(count),
    sum,
    bucketCounts: counts.map(String),
    explicitBounds: bounds,
  };
}

/** The units of metrics by a word in their names, as UCUM writes them. */
const UNITS: readonly (readonly [word: RegExp, unit: string])[] = [
  [/_seconds$/, 's'],
  [/_bytes(_|$)/, 'By'],
  [/_ratio$/, '1'],
  [/_records(_|$)/, '{record}'],
  [/_points(_|$)/, '{point}'],
  [/_packets(_|$)/, '{packet}'],
  [/_requests(_|$)/, '{request}'],
  [/_connections(_|$)/, '{connection}'],
  [/_rows(_|$)/, '{row}'],
  [/_windows$/, '{window}'],
];

function unitOf(name: string): string | undefined {
  const base = name.replace(/_total$/, '');
  return UNITS.find(([word]) => word.test(base))?.[1];
}

/** Groups the values of a histogram by label set. */
function byLabels(values: readonly MetricValue[]): MetricValue[][] {
  const groups = new Map<string, MetricValue[]>();
  for (const value of values) {
    const key = JSON.stringify(withoutBound(value.labels));
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [value]);
    else group.push(value);
  }
  return [...groups.values()];
}

function withoutBound({ le: _le, ...labels }: MetricValue['labels']): MetricValue['labels'] {
  return labels;
}

export function attributesOf(labels: MetricValue['labels']): Attribute[] {
  return Object.entries(labels).map(([key, value]) => ({ key, value: { stringValue: String(value) } }));
}
