import { hashText, randomAt } from './random.js';

/** What can be wrong with one reading; at most one of them is. */
export const READING_FAULTS = ['late', 'duplicated', 'outOfOrder', 'malformed', 'wrongClock'] as const;
export type ReadingFault = (typeof READING_FAULTS)[number];

/** Share of all readings, 0 to 1 each; together at most 1. */
export type FaultShares = Readonly<Record<ReadingFault, number>>;

const CHOICE = hashText('fault choice');
const KIND = hashText('fault kind');
const TEN_YEARS_MS = 10 * 365.25 * 86_400_000;

/** Pure: the same seed gives the same faults to the same readings. `deviceIndex` is the one within the whole run. */
export function chooseFault(
  shares: FaultShares,
  seed: number,
  deviceIndex: number,
  tick: number,
): ReadingFault | undefined {
  let place = randomAt(seed, (CHOICE + deviceIndex) | 0, tick).next();
  for (const fault of READING_FAULTS) {
    place -= shares[fault];
    if (place < 0) return fault;
  }
  return undefined;
}

/** Bytes that are never a JSON text, made from a good payload in one of five ways seen in the field. */
export function malformedPayload(
  good: string,
  seed: number,
  deviceIndex: number,
  tick: number,
): string | Buffer {
  switch (randomAt(seed, (KIND + deviceIndex) | 0, tick).nextUint32() % 5) {
    case 0: // cut off: the device's buffer was too small
      return good.slice(0, Math.floor(good.length / 2));
    case 1: // printf of a float that is not a number
      return good.replace(/":-?\d+(\.\d+)?/, '":nan');
    case 2: // a byte that is not UTF-8
      return Buffer.concat([Buffer.from(good.slice(0, -1)), Buffer.from([0xff, 0x7d])]);
    case 3: // plain text instead of a reading
      return 'ERROR sensor not responding';
    default: // nothing at all
      return '';
  }
}

/** A clock that was never set (it counts from 1970) or one that is ten years ahead. */
export function wrongClockMs(
  timestampMs: number,
  elapsedMs: number,
  seed: number,
  deviceIndex: number,
  tick: number,
): number {
  const neverSet = randomAt(seed, (KIND + deviceIndex) | 0, tick).next() < 0.5;
  return neverSet ? Math.floor(elapsedMs) : timestampMs + TEN_YEARS_MS;
}
