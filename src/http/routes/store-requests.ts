import { z } from 'zod';
import type { DeviceQuery } from '../../devices/device-state.js';
import { parseInstant } from '../../lib/parse-instant.js';
import {
  SERIES_FUNCTIONS,
  SERIES_ORDERS,
  type SeriesFunction,
  type SeriesQuery,
} from '../../reading/series-query.js';
import { LATEST_ORDERS } from '../../sink/store-reader.js';
import {
  MAX_NAME_CHARACTERS,
  name,
  numberFrom,
  type Parsed,
  parseRequest,
  text,
} from '../request-parameters.js';

/** The number of lines on one chart that a person can still distinguish. */
const DEFAULT_SERIES_GROUPS = 12;
const MAX_SERIES_GROUPS = 200;
const DEFAULT_SERIES_BUCKETS = 150;
export const MAX_SERIES_BUCKETS = 2_000;
/** Groups times buckets of one answer. */
const MAX_SERIES_VALUES = 60_000;
/** The number of tag values that a chart or a table can be limited to. */
const MAX_ONLY_VALUES = 50;

const MAX_OFFSET = 20_000;
const MAX_RESOLUTION_CHARACTERS = 32;
const MAX_LATEST_ROWS = 200;
const DEFAULT_LATEST_ROWS = 50;
const MAX_SEARCH_CHARACTERS = 256;
/** A quarter of an hour each. */
const MAX_SPARK = 96;
/** Pages that ask within this time ask the same, so that the store is asked once. */
const SAME_INSTANT_MS = 2_000;

/** ISO 8601, an epoch in seconds to nanoseconds, or `now-24h`; ms since 1970 once parsed. */
const time = text(MAX_NAME_CHARACTERS).transform((written, context) => {
  const parsed = parseInstant(written, Date.now());
  if (parsed.ok) return parsed.ms;
  context.addIssue({ code: 'custom', message: parsed.problem });
  return z.NEVER;
});

/** A parameter that is given once is a text, one that is given several times is a list. */
const onlyValues = z.preprocess(
  (values) => (typeof values === 'string' ? [values] : values),
  z.array(text(MAX_NAME_CHARACTERS)).max(MAX_ONLY_VALUES, `must be given at most ${MAX_ONLY_VALUES} times`),
);

export const latestParameters = z.strictObject({
  measurement: name,
  by: name.optional(),
  from: time,
  silentBefore: time,
  search: text(MAX_SEARCH_CHARACTERS).optional(),
  only: onlyValues.optional().describe('Only devices with one of these names.'),
  except: onlyValues.optional().describe('All devices but those with one of these names.'),
  order: z.enum(LATEST_ORDERS, `must be one of ${LATEST_ORDERS.join(', ')}`).optional(),
  offset: numberFrom(0, MAX_OFFSET).optional(),
  limit: numberFrom(1, MAX_LATEST_ROWS).optional(),
  spark: numberFrom(1, MAX_SPARK)
    .optional()
    .describe('With it each device has so many means of the last 24 h.'),
  sparkField: name
    .optional()
    .describe('Of which field; otherwise the first with an expected range, with a unit, or at all.'),
});

/**
 * Takes `measurement`, `by?`, `from` and `silentBefore` in ms since 1970, `search?`, `only?`, `except?`, `order?`, `offset?`,
 * `limit?`, `spark?` and `sparkField?`. Both times are rounded down to an even second.
 */
export function parseLatestRequest(parameters: unknown): Parsed<DeviceQuery> {
  const parsed = parseRequest(latestParameters, parameters);
  if (!parsed.ok) return parsed;
  const { measurement, by, from, silentBefore, search = '', order = 'silent', offset = 0 } = parsed.value;
  const { only, except, limit = DEFAULT_LATEST_ROWS, spark, sparkField } = parsed.value;
  const query = {
    measurement,
    by,
    fromMs: sameInstant(from),
    silentBeforeMs: sameInstant(silentBefore),
    search,
    ...(only !== undefined && { only }),
    ...(except !== undefined && { except }),
    order,
    offset,
    limit,
    ...(spark !== undefined && { spark }),
    ...(sparkField !== undefined && { sparkField }),
  };
  return { ok: true, value: query };
}

function sameInstant(ms: number): number {
  return ms - (ms % SAME_INSTANT_MS);
}

const percentile = /^p(\d{1,2}(?:\.\d{1,3})?)$/;

const fn = z.string().transform((written, context): SeriesFunction => {
  const known = SERIES_FUNCTIONS.find((one) => one === written);
  if (known !== undefined) return known;
  const [, rank] = percentile.exec(written) ?? [];
  if (rank !== undefined && Number(rank) > 0)
    return { percentile: Number((Number(rank) / 100).toPrecision(12)) };
  context.addIssue({
    code: 'custom',
    message: `must be one of ${SERIES_FUNCTIONS.join(', ')}, or a percentile such as p95`,
  });
  return z.NEVER;
});

export const seriesParameters = z
  .strictObject({
    measurement: name,
    field: name,
    fn: fn
      .optional()
      .describe('mean (the default), min, max, sum, count, first, last, or a percentile such as p95.'),
    by: name.optional(),
    onlyTag: name.optional().describe('Only points whose tag has one of the values of only.'),
    only: onlyValues.optional(),
    from: time.describe('ISO 8601, an epoch in s, ms, us or ns, now, or now-24h.'),
    to: time.optional().describe('The same; now by default. Values at this time are no longer part of it.'),
    buckets: numberFrom(1, MAX_SERIES_BUCKETS).optional(),
    resolution: text(MAX_RESOLUTION_CHARACTERS)
      .optional()
      .describe('auto (the default), raw, or the duration of a resolution such as 5min.'),
    order: z.enum(SERIES_ORDERS, `must be one of ${SERIES_ORDERS.join(', ')}`).optional(),
    offset: numberFrom(0, MAX_OFFSET).optional(),
    limit: numberFrom(1, MAX_SERIES_GROUPS).optional(),
    top: numberFrom(1, MAX_SERIES_GROUPS).optional().describe('Another name of limit.'),
  })
  .refine(({ onlyTag, only }) => (onlyTag === undefined) === (only === undefined), {
    path: ['only'],
    message: 'goes together with onlyTag',
  })
  .refine(({ limit, top }) => limit === undefined || top === undefined, {
    path: ['top'],
    message: 'is another name of limit: give one of them',
  })
  .refine(({ order, by }) => order === undefined || by !== undefined, {
    path: ['order'],
    message: 'goes together with by',
  })
  .transform((given, context) => {
    const { limit = DEFAULT_SERIES_GROUPS, top = limit, to = Date.now(), resolution = 'auto' } = given;
    // Of a resolution that is named each window is a bucket.
    const isByWindow = given.buckets === undefined && resolution !== 'auto' && resolution !== 'raw';
    const { buckets = DEFAULT_SERIES_BUCKETS } = given;
    if (given.from >= to) {
      context.addIssue({ code: 'custom', path: ['to'], message: 'must be later than from' });
    }
    if (!isByWindow && buckets * top > MAX_SERIES_VALUES) {
      const message = `must be at most ${MAX_SERIES_VALUES} together with limit, multiplied`;
      context.addIssue({ code: 'custom', path: ['buckets'], message });
    }
    const query: SeriesQuery = {
      measurement: given.measurement,
      field: given.field,
      fn: given.fn ?? 'mean',
      ...(given.by !== undefined && { by: given.by }),
      ...(given.onlyTag !== undefined &&
        given.only !== undefined && { only: { tag: given.onlyTag, values: given.only } }),
      fromMs: given.from,
      toMs: to,
      ...(!isByWindow && { bucketMs: Math.max(1, Math.ceil((to - given.from) / buckets)) }),
      resolution,
      order: given.order ?? 'count',
      maxBuckets: Math.min(MAX_SERIES_BUCKETS, Math.floor(MAX_SERIES_VALUES / top)),
      offset: given.offset ?? 0,
      limit: top,
    };
    return query;
  });

/**
 * Takes `measurement`, `field`, `fn?`, `by?`, `from`, `to?`, `buckets?`, `resolution?`, `order?`, `offset?`, and `limit?` or
 * `top?`. `onlyTag` with one `only` for each value omits the other values of that tag.
 */
export function parseSeriesRequest(parameters: unknown): Parsed<SeriesQuery> {
  return parseRequest(seriesParameters, parameters);
}
