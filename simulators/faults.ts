import { hashText, randomAt } from './random.js';

/** What can be wrong with a reading. A reading has at most one fault. */
export const READING_FAULTS = ['late', 'duplicated', 'outOfOrder', 'malformed', 'wrongClock'] as const;
export type ReadingFault = (typeof READING_FAULTS)[number];

/** The share of readings with each fault, 0 to 1; together at most 1. */
export type FaultShares = Readonly<Record<ReadingFault, number>>;

export const NO_FAULTS: FaultShares = { late: 0, duplicated: 0, outOfOrder: 0, malformed: 0, wrongClock: 0 };

const CHOICE = hashText('fault choice');
const KIND = hashText('fault kind');
const TEN_YEARS_MS = 10 * 365.25 * 86_400_000;

/**
 * Chooses the fault of a reading; the same seed gives the same faults. `deviceIndex` counts the devices of the whole
 * run.
 */
export function chooseFault(
  shares: FaultShares,
  seed: number,
  deviceIndex: number,
  tick: number,
): ReadingFault | undefined {
  let left = randomAt(seed, (CHOICE + deviceIndex) | 0, tick).next();
  for (const fault of READING_FAULTS) {
    left -= shares[fault];
    if (left < 0) return fault;
  }
  return undefined;
}

/** Turns a good payload into bytes that are not JSON, in one of five ways seen in the field. */
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

/** Returns the time of a clock that was never set, so it counts from 1970, or of one that is ten years ahead. */
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
