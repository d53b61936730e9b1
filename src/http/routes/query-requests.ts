import { z } from 'zod';
import { parseDuration } from '../../lib/quantity.js';
import { MAX_QUERY_CHARACTERS, type StoreQuery } from '../../sink/store-query.js';
import { numberFrom, type Parsed, parseBody, parseRequest, text } from '../request-parameters.js';

export const MAX_QUERY_ROWS = 1_000_000;
export const MAX_ANSWER_BYTES = 2 ** 30;
const DEFAULT_TIMEOUT_MS = 30_000;
/** Nothing moves on the connection while a query runs, and a connection without motion is closed after a minute. */
export const MAX_TIMEOUT_MS = 50_000;

const FORMATS = ['json', 'csv', 'parquet'] as const;

const sql = text(MAX_QUERY_CHARACTERS).min(1, 'must not be empty');
const format = z.enum(FORMATS, `must be one of ${FORMATS.join(', ')}`).optional();
const timeout = z
  .string()
  .transform((written) => {
    const read = parseDuration(written);
    return read.ok ? read.value : 0;
  })
  .refine(
    (ms) => ms >= 1 && ms <= MAX_TIMEOUT_MS,
    `must be a time such as 10s, up to ${MAX_TIMEOUT_MS / 1_000}s`,
  )
  .optional();

export const queryParameters = z.strictObject({
  sql,
  format,
  timeout,
  limit: numberFrom(1, MAX_QUERY_ROWS).optional(),
});
export const queryBody = z.strictObject({
  sql,
  format,
  timeout,
  limit: z
    .number()
    .refine(
      (rows) => Number.isInteger(rows) && rows >= 1 && rows <= MAX_QUERY_ROWS,
      `must be a whole number of 1 to ${MAX_QUERY_ROWS}`,
    )
    .optional(),
});

/** Takes `sql`, `format?`, `limit?` and `timeout?` of the address. */
export function parseQueryRequest(parameters: unknown): Parsed<StoreQuery> {
  return asQuery(parseRequest(queryParameters, parameters));
}

/** Takes the same from a JSON body, which has room for longer texts. */
export function parseQueryBody(body: unknown): Parsed<StoreQuery> {
  return asQuery(parseBody(queryBody, body));
}

function asQuery(parsed: Parsed<z.output<typeof queryBody>>): Parsed<StoreQuery> {
  if (!parsed.ok) return parsed;
  const { sql: of, format: asked = 'json', limit = MAX_QUERY_ROWS, timeout: timeoutMs } = parsed.value;
  const value = {
    of: { sql: of },
    format: asked,
    maxRows: limit,
    timeoutMs: timeoutMs ?? DEFAULT_TIMEOUT_MS,
    maxBytes: MAX_ANSWER_BYTES,
  };
  return { ok: true, value };
}
