import { z } from 'zod';
import { LATEST_ORDERS, type LatestQuery } from '../sink/sink.js';
import { name, numberFrom, type Parsed, parseRequest, text, wholeNumber } from './request-parameters.js';

const MAX_OFFSET = 20_000;
const MAX_LATEST_ROWS = 200;
const DEFAULT_LATEST_ROWS = 50;
const MAX_SEARCH_CHARACTERS = 256;
/** Pages that ask within this time ask the same, and the store is asked once. */
const SAME_INSTANT_MS = 2_000;

const latestParameters = z.strictObject({
  measurement: name,
  by: name.optional(),
  from: wholeNumber,
  silentBefore: wholeNumber,
  search: text(MAX_SEARCH_CHARACTERS).optional(),
  order: z.enum(LATEST_ORDERS, `must be one of ${LATEST_ORDERS.join(', ')}`).optional(),
  offset: numberFrom(0, MAX_OFFSET).optional(),
  limit: numberFrom(1, MAX_LATEST_ROWS).optional(),
});

/**
 * `measurement`, `by?`, `from` and `silentBefore` in ms since 1970, both taken to the even second before, `search?`,
 * `order?`, `offset?`, `limit?`.
 */
export function parseLatestRequest(parameters: unknown): Parsed<LatestQuery> {
  const parsed = parseRequest(latestParameters, parameters);
  if (!parsed.ok) return parsed;
  const { measurement, by, from, silentBefore, search = '', order = 'silent', offset = 0 } = parsed.value;
  const { limit = DEFAULT_LATEST_ROWS } = parsed.value;
  const query = {
    measurement,
    ...(by === undefined ? {} : { by }),
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
