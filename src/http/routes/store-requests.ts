import { z } from 'zod';
import { LATEST_ORDERS, type LatestQuery, type SeriesQuery } from '../../sink/store-reader.js';
import {
  MAX_NAME_CHARACTERS,
  name,
  numberFrom,
  type Parsed,
  parseRequest,
  text,
  wholeNumber,
} from '../request-parameters.js';

/** The number of lines on one chart that a person can still distinguish. */
export const MAX_SERIES_GROUPS = 12;
export const MAX_SERIES_BUCKETS = 500;
const DEFAULT_SERIES_BUCKETS = 150;
/** The number of tag values that a chart can be limited to. */
const MAX_ONLY_VALUES = 50;

const MAX_OFFSET = 20_000;
const MAX_LATEST_ROWS = 200;
const DEFAULT_LATEST_ROWS = 50;
const MAX_SEARCH_CHARACTERS = 256;
/** Pages that ask within this time ask the same, so that the store is asked once. */
const SAME_INSTANT_MS = 2_000;

/** A store keeps times as nanoseconds in 64 bits: until April 2262. */
const LAST_MS = Math.floor(Number((2n ** 63n - 1n) / 1_000_000n));
const time = wholeNumber.refine(
  (ms) => ms <= LAST_MS || !Number.isSafeInteger(ms),
  `must be a time in ms until the year 2262, at most ${LAST_MS}`,
);

const latestParameters = z.strictObject({
  measurement: name,
  by: name.optional(),
  from: time,
  silentBefore: time,
  search: text(MAX_SEARCH_CHARACTERS).optional(),
  order: z.enum(LATEST_ORDERS, `must be one of ${LATEST_ORDERS.join(', ')}`).optional(),
  offset: numberFrom(0, MAX_OFFSET).optional(),
  limit: numberFrom(1, MAX_LATEST_ROWS).optional(),
});

/**
 * Takes `measurement`, `by?`, `from` and `silentBefore` in ms since 1970, `search?`, `order?`, `offset?` and `limit?`.
 * Both times are rounded down to an even second.
 */
export function parseLatestRequest(parameters: unknown): Parsed<LatestQuery> {
  const parsed = parseRequest(latestParameters, parameters);
  if (!parsed.ok) return parsed;
  const { measurement, by, from, silentBefore, search = '', order = 'silent', offset = 0 } = parsed.value;
  const { limit = DEFAULT_LATEST_ROWS } = parsed.value;
  const query = {
    measurement,
    by,
    fromMs: sameInstant(from),
    silentBeforeMs: sameInstant(silentBefore),
    search,
    order,
    offset,
    limit,
  };
  return { ok: true, value: query };
}

function sameInstant(ms: number): number {
  return ms - (ms % SAME_INSTANT_MS);
}

/** A parameter that is given once is a text, one that is given several times is a list. */
const onlyValues = z.preprocess(
  (values) => (typeof values === 'string' ? [values] : values),
  z.array(text(MAX_NAME_CHARACTERS)).max(MAX_ONLY_VALUES, `must be given at most ${MAX_ONLY_VALUES} times`),
);

const seriesParameters = z
  .strictObject({
    measurement: name,
    field: name,
    by: name.optional(),
    onlyTag: name.optional(),
    only: onlyValues.optional(),
    from: time,
    to: time,
    buckets: numberFrom(1, MAX_SERIES_BUCKETS).optional(),
  })
  .refine(({ from, to }) => from < to, { path: ['to'], message: 'must be later than from' })
  .refine(({ onlyTag, only }) => (onlyTag === undefined) === (only === undefined), {
    path: ['only'],
    message: 'goes together with onlyTag',
  });

/**
 * Takes `measurement`, `field`, `by?`, `from` and `to` in ms since 1970, and `buckets?` up to 500. `onlyTag` with one
 * `only` for each value omits the other values of that tag.
 */
export function parseSeriesRequest(parameters: unknown): Parsed<SeriesQuery> {
  const parsed = parseRequest(seriesParameters, parameters);
  if (!parsed.ok) return parsed;
  const { measurement, field, by, onlyTag, only, from, to, buckets = DEFAULT_SERIES_BUCKETS } = parsed.value;
  const query = {
    measurement,
    field,
    by,
    only: onlyTag === undefined || only === undefined ? undefined : { tag: onlyTag, values: only },
    fromMs: from,
    toMs: to,
    bucketMs: Math.ceil((to - from) / buckets),
    // One more than is shown, so that the answer can tell that there are more.
    maxGroups: MAX_SERIES_GROUPS + 1,
  };
  return { ok: true, value: query };
}
