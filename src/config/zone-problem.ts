import { formatDuration } from '../lib/quantity.js';
import { TimeZone } from '../lib/time-zone.js';
import type { Finding } from './findings.js';

const FIRST_YEAR = 2000;
const LAST_YEAR = 2037;

/**
 * What is wrong with the time zone of a resolution of days, or undefined.
 *
 * @param finerMs the resolution that the days are merged from, if there is one
 */
export function zoneProblem(name: string, finerMs: number | undefined): Finding | undefined {
  const zone = TimeZone.of(name);
  if (zone === undefined) {
    const meant = TimeZone.ofCity(name);
    return {
      expected: 'an IANA time zone such as Europe/Berlin',
      hint: meant === undefined ? undefined : `did you mean ${meant}?`,
    };
  }
  if (finerMs === undefined || midnights(zone).every((ms) => ms % finerMs === 0)) return undefined;
  return {
    expected: `a zone in which a window of ${formatDuration(finerMs)}, the resolution before it, begins at every midnight`,
    hint: 'windows below a day begin at multiples since 1970 in UTC; a finer resolution, such as 15min, fits every zone',
  };
}

/** Midnights of summer and winter: a zone changes its difference to UTC by seasons. */
function midnights(zone: TimeZone): number[] {
  const found: number[] = [];
  for (let year = FIRST_YEAR; year <= LAST_YEAR; year += 1) {
    for (const month of [0, 6]) found.push(zone.instantOf(Date.UTC(year, month, 1)));
  }
  return found;
}
