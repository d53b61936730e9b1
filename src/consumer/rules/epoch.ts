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

/** The unit InfluxDB 3 would guess from the size of an epoch number (5e9 s is June 2128). */
export function guessEpochUnit(epoch: number): EpochUnit {
  const size = Math.abs(epoch);
  if (size < 5e9) return 's';
  if (size < 5e12) return 'ms';
  return size < 5e15 ? 'us' : 'ns';
}

/** An epoch as ns since 1970, exactly. Text must be decimal; a number is taken by its shortest decimal form. */
export function epochNs(
  epoch: number | string,
  unit: EpochUnit,
): bigint | 'not-decimal' | 'fraction' | 'too-large' {
  if (typeof epoch === 'number' && Number.isInteger(epoch)) return BigInt(epoch) * NS_PER_UNIT[unit];
  return scaledInteger(String(epoch), PLACES_TO_NS[unit]);
}
