import * as z from 'zod';

/**
 * ExportMetricsServiceRequest in the JSON mapping of Protocol Buffers, as strict as the specification allows: 64-bit
 * numbers are text, enums are numbers, no unknown key. From opentelemetry-proto 1.x, metrics/v1/metrics.proto.
 */
const fixed64 = z.string().regex(/^\d+$/);
const attributes = z.array(
  z.strictObject({ key: z.string().min(1), value: z.strictObject({ stringValue: z.string() }) }),
);
const point = { attributes, startTimeUnixNano: fixed64, timeUnixNano: fixed64 };
const numberPoints = z.array(z.strictObject({ ...point, asDouble: z.number() })).min(1);
const histogramPoint = z
  .strictObject({
    ...point,
    count: fixed64,
    sum: z.number(),
    bucketCounts: z.array(fixed64),
    explicitBounds: z.array(z.number()),
  })
  .refine(({ bucketCounts, explicitBounds }) => bucketCounts.length === explicitBounds.length + 1)
  .refine(({ explicitBounds }) =>
    explicitBounds.every((bound, i) => i === 0 || bound > explicitBounds[i - 1]!),
  )
  .refine(({ count, bucketCounts }) => Number(count) === bucketCounts.reduce((sum, n) => sum + Number(n), 0));
const CUMULATIVE = z.literal(2);

const described = {
  name: z.string().regex(/^[A-Za-z][\w./-]{0,254}$/),
  description: z.string().min(1),
  unit: z.string().min(1).max(63).optional(),
};
const metric = z.union([
  z.strictObject({ ...described, gauge: z.strictObject({ dataPoints: numberPoints }) }),
  z.strictObject({
    ...described,
    sum: z.strictObject({
      dataPoints: numberPoints,
      aggregationTemporality: CUMULATIVE,
      isMonotonic: z.literal(true),
    }),
  }),
  z.strictObject({
    ...described,
    histogram: z.strictObject({
      dataPoints: z.array(histogramPoint).min(1),
      aggregationTemporality: CUMULATIVE,
    }),
  }),
]);

export const otlpMetricsRequest = z.strictObject({
  resourceMetrics: z.tuple([
    z.strictObject({
      resource: z.strictObject({ attributes }),
      scopeMetrics: z.tuple([
        z.strictObject({
          scope: z.strictObject({ name: z.string(), version: z.string() }),
          metrics: z.array(metric).min(1),
        }),
      ]),
    }),
  ]),
});

export type OtlpMetricsRequest = z.output<typeof otlpMetricsRequest>;

export interface OtlpSample {
  readonly resource: Readonly<Record<string, string>>;
  /** `name{label=value}` → value; of a histogram its count. */
  readonly values: ReadonlyMap<string, number>;
  readonly metrics: ReadonlyMap<string, z.output<typeof metric>>;
}

/** Throws when the body is not what the specification says. */
export function readOtlp(body: string): OtlpSample {
  const [of] = otlpMetricsRequest.parse(JSON.parse(body)).resourceMetrics;
  const { metrics } = of.scopeMetrics[0];
  const values = new Map<string, number>();
  for (const each of metrics) {
    if ('histogram' in each) {
      for (const { attributes: labels, count } of each.histogram.dataPoints) {
        values.set(each.name + labelText(labels), Number(count));
      }
      continue;
    }
    const { dataPoints } = 'sum' in each ? each.sum : each.gauge;
    for (const { attributes: labels, asDouble } of dataPoints)
      values.set(each.name + labelText(labels), asDouble);
  }
  return {
    resource: Object.fromEntries(of.resource.attributes.map(({ key, value }) => [key, value.stringValue])),
    values,
    metrics: new Map(metrics.map((each) => [each.name, each])),
  };
}

function labelText(labels: z.output<typeof attributes>): string {
  if (labels.length === 0) return '';
  return `{${labels.map(({ key, value }) => `${key}=${value.stringValue}`).join(',')}}`;
}

const span = z.strictObject({
  traceId: z.string().regex(/^[0-9a-f]{32}$/),
  spanId: z.string().regex(/^[0-9a-f]{16}$/),
  parentSpanId: z
    .string()
    .regex(/^[0-9a-f]{16}$/)
    .optional(),
  name: z.string().min(1),
  kind: z.literal(1),
  startTimeUnixNano: fixed64,
  endTimeUnixNano: fixed64,
  attributes: attributes.optional(),
  status: z.strictObject({ code: z.literal([0, 1, 2]), message: z.string().optional() }).optional(),
});

/** ExportTraceServiceRequest, as strictly. Ids are hexadecimal digits, which is an exception of OTLP. */
const otlpTraceRequest = z.strictObject({
  resourceSpans: z.tuple([
    z.strictObject({
      resource: z.strictObject({ attributes }),
      scopeSpans: z.tuple([
        z.strictObject({
          scope: z.strictObject({ name: z.string(), version: z.string() }),
          spans: z.array(span).min(1),
        }),
      ]),
    }),
  ]),
});

export type OtlpSpan = z.output<typeof span>;

/** Throws when the body is not what the specification says. */
export function readOtlpSpans(body: string): readonly OtlpSpan[] {
  return otlpTraceRequest.parse(JSON.parse(body)).resourceSpans[0].scopeSpans[0].spans;
}
