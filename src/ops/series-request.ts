import { z } from 'zod';
import type { SeriesQuery } from '../sink/sink.js';
import {
  MAX_NAME_CHARACTERS,
  name,
  numberFrom,
  type Parsed,
  parseRequest,
  text,
  wholeNumber,
} from './request-parameters.js';

/** Lines on one chart that a person can still tell apart. */
export const MAX_SERIES_GROUPS = 12;
export const MAX_SERIES_BUCKETS = 500;
const DEFAULT_SERIES_BUCKETS = 150;
/** Values of one tag that a chart can be narrowed to. */
const MAX_ONLY_VALUES = 50;

/** A parameter given once comes as a text, given several times as a list. */
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
