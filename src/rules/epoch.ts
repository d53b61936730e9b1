import { scaledInteger } from './scaled-integer.js';

export type EpochUnit = 's' | 'ms' | 'us' | 'ns';

/** Decimal places between the unit and a nanosecond. */
export const PLACES_TO_NS: Readonly<Record<EpochUnit, number>> = { s: 9, ms: 6, us: 3, ns: 0 };

const NS_PER_UNIT: Readonly<Record<EpochUnit, bigint>> = {
  s: 1_000_000_000n,
  ms: 1_000_000n,
  us: 1_000n,
  ns: 1n,
};

export const UNIT_WORDS: Readonly<Record<EpochUnit, string>> = {
  s: 'seconds',
  ms: 'milliseconds',
  us: 'microseconds',
  ns: 'nanoseconds',
};

/** The unit that InfluxDB 3 derives from the size of an epoch number (5e9 s is June 2128). */
export function guessEpochUnit(epoch: number): EpochUnit {
  const size = Math.abs(epoch);
  if (size < 5e9) return 's';
  if (size < 5e12) return 'ms';
  return size < 5e15 ? 'us' : 'ns';
}

/** An epoch as ns since 1970, exactly. Text must be decimal; a number is read as its shortest decimal form. */
export function epochNs(
  epoch: number | string,
  unit: EpochUnit,
): bigint | 'not-decimal' | 'fraction' | 'too-large' {
  if (typeof epoch === 'number' && Number.isInteger(epoch)) return BigInt(epoch) * NS_PER_UNIT[unit];
  return scaledInteger(String(epoch), PLACES_TO_NS[unit]);
}

/** Decimal text of an epoch without the digits behind the nanosecond. One with an exponent stays as it is. */
export function withoutFinerDigits(epoch: string, unit: EpochUnit): string {
  const point = epoch.indexOf('.');
  if (point < 0 || /[eE]/.test(epoch)) return epoch;
  const places = PLACES_TO_NS[unit];
  return epoch.slice(0, places === 0 ? point : point + 1 + places);
}

const NS_PER_MS = 1_000_000n;
/** The last instant `Date` can express, ms since 1970. */
const MAX_DATE_MS = 8_640_000_000_000_000n;

/** ISO 8601 in UTC with as many decimals as needed; words for years beyond four digits. */
export function isoTime(ns: bigint): string {
  let ms = ns / NS_PER_MS;
  let restNs = ns % NS_PER_MS;
  if (restNs < 0n) {
    restNs += NS_PER_MS;
    ms -= 1n;
  }
  if (ms > MAX_DATE_MS) return 'after the year 275760';
  if (ms < -MAX_DATE_MS) return 'before the year -271821';
  const date = new Date(Number(ms));
  const year = date.getUTCFullYear();
  if (year < 0 || year > 9999) return `in the year ${year}`;
  const iso = date.toISOString();
  if (restNs === 0n) return iso.replace('.000Z', 'Z');
  return iso.replace('Z', `${restNs.toString().padStart(6, '0').replace(/0+$/, '')}Z`);
}

const DURATION_UNITS = [
  { ms: 86_400_000, word: 'd' },
  { ms: 3_600_000, word: 'h' },
  { ms: 60_000, word: 'min' },
  { ms: 1_000, word: 's' },
] as const;

/** `7 d`, `10 min`, `1.5 h`: the largest unit that is not below one. */
export function durationText(ms: number): string {
  const unit = DURATION_UNITS.find((candidate) => ms >= candidate.ms);
  return unit === undefined ? `${ms} ms` : `${Math.round((ms / unit.ms) * 100) / 100} ${unit.word}`;
}
