import { z } from 'zod';
import type { LatestQuery, SeriesQuery } from '../sink/sink.js';
import { name, numberFrom, type Parsed, parseRequest, wholeNumber } from './request-parameters.js';

/** Lines on one chart that a person can still tell apart. */
export const MAX_SERIES_GROUPS = 12;
export const MAX_SERIES_BUCKETS = 500;
const DEFAULT_SERIES_BUCKETS = 150;
/** Values of one tag that a chart can be narrowed to. */
const MAX_ONLY_VALUES = 50;

/** Devices that are looked through for one answer; more than that a page cannot tell apart either. */
export const MAX_LATEST_GROUPS = 20_000;
export const MAX_LATEST_ROWS = 200;
const DEFAULT_LATEST_ROWS = 50;

const onlyValues = z
  .union([
    z.string(),
    z.array(z.string()).max(MAX_ONLY_VALUES, `must be given at most ${MAX_ONLY_VALUES} times`),
  ])
  .transform((values) => (typeof values === 'string' ? [values] : values));

const seriesParameters = z
  .strictObject({
    measurement: name,
    field: name,
    by: name.optional(),
    onlyTag: name.optional(),
    only: onlyValues.optional(),
    from: wholeNumber,
    to: wholeNumber,
    buckets: numberFrom(1, MAX_SERIES_BUCKETS).optional(),
  })
  .refine(({ from, to }) => from < to, { path: ['to'], message: 'must be later than from' })
  .refine(({ onlyTag, only }) => (onlyTag === undefined) === (only === undefined), {
    path: ['only'],
    message: 'goes together with onlyTag',
  });

/**
 * `measurement`, `field`, `by?`, `from` and `to` in ms since 1970, `buckets?` up to 500; `onlyTag` with `only`,
 * once a value, leaves the other values of that tag out.
 */
export function parseSeriesRequest(parameters: unknown): Parsed<SeriesQuery> {
  const parsed = parseRequest(seriesParameters, parameters);
  if (!parsed.ok) return parsed;
  const { measurement, field, by, onlyTag, only, from, to, buckets = DEFAULT_SERIES_BUCKETS } = parsed.value;
  const query = {
    measurement,
    field,
    ...(by === undefined ? {} : { by }),
    ...(onlyTag === undefined || only === undefined ? {} : { only: { tag: onlyTag, values: only } }),
    fromMs: from,
    toMs: to,
    bucketMs: Math.ceil((to - from) / buckets),
    // One more than is shown, so that the answer can say that there are more.
    maxGroups: MAX_SERIES_GROUPS + 1,
  };
  return { ok: true, value: query };
}

export const LATEST_ORDERS = ['silent', 'newest', 'name'] as const;

export interface LatestRequest {
  readonly query: LatestQuery;
  /** Part of the name, in any case; '' takes all. */
  readonly search: string;
  readonly order: (typeof LATEST_ORDERS)[number];
  /** Silent is whoever was not heard of since, ms since 1970. */
  readonly silentBeforeMs: number;
  readonly offset: number;
  readonly limit: number;
}

const latestParameters = z.strictObject({
  measurement: name,
  by: name.optional(),
  from: wholeNumber,
  silentBefore: wholeNumber,
  search: z.string().max(256).optional(),
  order: z.enum(LATEST_ORDERS, `must be one of ${LATEST_ORDERS.join(', ')}`).optional(),
  offset: numberFrom(0, MAX_LATEST_GROUPS).optional(),
  limit: numberFrom(1, MAX_LATEST_ROWS).optional(),
});

/** `measurement`, `by?`, `from` and `silentBefore` in ms since 1970, `search?`, `order?`, `offset?`, `limit?`. */
export function parseLatestRequest(parameters: unknown): Parsed<LatestRequest> {
  const parsed = parseRequest(latestParameters, parameters);
  if (!parsed.ok) return parsed;
  const { measurement, by, from, silentBefore, search = '', order = 'silent', offset = 0 } = parsed.value;
  const { limit = DEFAULT_LATEST_ROWS } = parsed.value;
  const query = {
    measurement,
    ...(by === undefined ? {} : { by }),
    fromMs: from,
    maxGroups: MAX_LATEST_GROUPS,
  };
  return { ok: true, value: { query, search, order, silentBeforeMs: silentBefore, offset, limit } };
}
