const SHAPE = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(?:Z|([+-])(\d\d):(\d\d))$/;

const NS_PER_MS = 1_000_000n;
const MS_PER_MINUTE = 60_000;
/** 59.999999999 instead of 60. */
const NS_BEFORE_LEAP = 999_999_999n;

export type Rfc3339Result =
  | { readonly ok: true; readonly ns: bigint; readonly leapSecond: boolean }
  | { readonly ok: false; readonly problem: string };

/**
 * RFC 3339 date-time, strictly: full date, capital T and Z, a zone, real day of the month, hour at most 23, up
 * to nine decimals kept exactly. A leap second (23:59:60 UTC) becomes the last nanosecond before it. `Date` is
 * not asked to parse: it takes the host's zone, rolls 30 February over and cuts to milliseconds.
 */
export function parseRfc3339(text: string): Rfc3339Result {
  const parts = SHAPE.exec(text);
  if (parts === null) return { ok: false, problem: shapeProblem(text) };
  const [, , , , , , , fraction = '', sign, offsetHour = '0', offsetMinute = '0'] = parts;
  const [year, month, day, hour, minute, second] = parts.slice(1, 7).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  if (month < 1 || month > 12) return { ok: false, problem: `has no month ${month}` };
  if (day < 1 || day > daysOf(year, month)) return { ok: false, problem: 'names a day that does not exist' };
  if (hour > 23 || minute > 59 || second > 60) {
    return { ok: false, problem: 'names a time of day that does not exist' };
  }
  if (Number(offsetHour) > 23 || Number(offsetMinute) > 59) {
    return { ok: false, problem: 'has a zone offset that does not exist' };
  }
  const offsetMinutes = (sign === '-' ? -1 : 1) * (Number(offsetHour) * 60 + Number(offsetMinute));
  const minuteMs = utcMs(year, month, day, hour, minute) - offsetMinutes * MS_PER_MINUTE;
  const leapSecond = second === 60;
  // Leap seconds are inserted before midnight UTC.
  if (leapSecond && (minuteMs / MS_PER_MINUTE + 1) % 1440 !== 0) {
    return { ok: false, problem: 'has a second 60 that is not at the end of a day in UTC' };
  }
  const secondMs = minuteMs + (leapSecond ? 59 : second) * 1000;
  const fractionNs = leapSecond ? NS_BEFORE_LEAP : BigInt(fraction.padEnd(9, '0'));
  return { ok: true, ns: BigInt(secondMs) * NS_PER_MS + fractionNs, leapSecond };
}

function shapeProblem(text: string): string {
  if (/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?$/.test(text)) return 'has no zone (Z or +hh:mm)';
  if (/\.\d{10,}(?:Z|[+-]\d\d:\d\d)$/.test(text)) return 'has more than nine decimals';
  return 'is not an RFC 3339 time such as 2026-03-08T21:04:50Z';
}

function daysOf(year: number, month: number): number {
  // Day 0 of the next month is the last of this one; +400 keeps the calendar and avoids the two-digit years of Date.
  return new Date(Date.UTC(year + 400, month, 0)).getUTCDate();
}

function utcMs(year: number, month: number, day: number, hour: number, minute: number): number {
  const MS_PER_400_YEARS = 146_097 * 86_400_000;
  return Date.UTC(year + 400, month - 1, day, hour, minute) - MS_PER_400_YEARS;
}
