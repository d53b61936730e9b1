import { z } from 'zod';
import type { SeriesQuery } from '../sink/sink.js';

/** Lines on one chart that a person can still tell apart. */
export const MAX_SERIES_GROUPS = 12;
export const MAX_SERIES_BUCKETS = 500;
const DEFAULT_SERIES_BUCKETS = 150;
const MAX_NAME_CHARACTERS = 1024;

const name = z.string().min(1, 'must not be empty').max(MAX_NAME_CHARACTERS);
const wholeNumber = z
  .string()
  .regex(/^\d{1,16}$/, 'must be a whole number')
  .transform(Number)
  .refine(Number.isSafeInteger, 'must be a whole number within 2^53');

const seriesParameters = z
  .strictObject({
    measurement: name,
    field: name,
    by: name.optional(),
    from: wholeNumber,
    to: wholeNumber,
    buckets: wholeNumber
      .refine((count) => count >= 1 && count <= MAX_SERIES_BUCKETS, `must be 1 to ${MAX_SERIES_BUCKETS}`)
      .optional(),
  })
  .refine(({ from, to }) => from < to, { path: ['to'], message: 'must be later than from' });

const limitParameters = z.strictObject({ limit: wholeNumber.optional() });

export type Parsed<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly reason: string };

/** `measurement`, `field`, `by?`, `from` and `to` in ms since 1970, `buckets?` up to 500. */
export function parseSeriesRequest(parameters: unknown): Parsed<SeriesQuery> {
  const parsed = seriesParameters.safeParse(parameters);
  if (!parsed.success) return { ok: false, reason: reasonOf(parsed.error) };
  const { measurement, field, by, from, to, buckets = DEFAULT_SERIES_BUCKETS } = parsed.data;
  const query = {
    measurement,
    field,
    ...(by === undefined ? {} : { by }),
    fromMs: from,
    toMs: to,
    bucketMs: Math.ceil((to - from) / buckets),
    // One more than is shown, so that the answer can say that there are more.
    maxGroups: MAX_SERIES_GROUPS + 1,
  };
  return { ok: true, value: query };
}

/** `limit?`, from 1 to `max`. */
export function parseLimit(parameters: unknown, standard: number, max: number): Parsed<number> {
  const parsed = limitParameters.safeParse(parameters);
  if (!parsed.success) return { ok: false, reason: reasonOf(parsed.error) };
  const { limit = standard } = parsed.data;
  if (limit < 1 || limit > max) return { ok: false, reason: `limit: must be 1 to ${max}.` };
  return { ok: true, value: limit };
}

function reasonOf(error: z.ZodError): string {
  return error.issues.map((issue) => `${issue.path.join('.') || 'query'}: ${sentenceOf(issue)}.`).join(' ');
}

function sentenceOf(issue: z.core.$ZodIssue): string {
  if (issue.code === 'unrecognized_keys') return `unknown ${issue.keys.join(', ')}`;
  if (issue.code === 'invalid_type') return 'must be given once';
  if (issue.code === 'too_big') return `must not be longer than ${issue.maximum} characters`;
  return issue.message;
}
