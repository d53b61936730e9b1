import { InvalidArgumentError } from 'commander';
import { parseDuration } from '../lib/quantity.js';
import { parseRfc3339 } from '../lib/rfc3339.js';

const NS_PER_MS = 1_000_000n;
const MS_PER_S = 1_000;
/** Up to the year 2286 a time in seconds has ten digits; in ms one of 2001 has thirteen. */
const MAX_SECOND_DIGITS = 11;

/**
 * Reads a time of the command line, in ms since 1970: a date (midnight in UTC), a time as in RFC 3339, a number of seconds or
 * milliseconds since 1970, or `now-7d`.
 */
export function instantOption(written: string, nowMs = Date.now()): number {
  const back = /^now(?:-(.+))?$/.exec(written);
  if (back !== null) {
    const [, span] = back;
    if (span === undefined) return nowMs;
    const duration = parseDuration(span);
    if (duration.ok) return nowMs - duration.value;
  }
  if (/^\d{1,15}$/.test(written)) {
    return Number(written) * (written.length <= MAX_SECOND_DIGITS ? MS_PER_S : 1);
  }
  const read = parseRfc3339(/^\d{4}-\d\d-\d\d$/.test(written) ? `${written}T00:00:00Z` : written);
  if (read.ok) return Number(read.ns / NS_PER_MS);
  throw new InvalidArgumentError(
    'Expected a date such as 2026-11-30, a time such as 2026-11-30T08:00:00Z, seconds or milliseconds since 1970, or now-7d.',
  );
}
