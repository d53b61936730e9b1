import { formatQuantity, parseQuantity, type Quantity } from './quantity.js';

const WRITTEN_UNITS: ReadonlyMap<string, number> = new Map([
  ['ms', 1],
  ['s', 1_000],
  ['min', 60_000],
  ['h', 3_600_000],
  ['d', 86_400_000],
]);

const UNITS: ReadonlyMap<string, number> = new Map([...WRITTEN_UNITS, ['m', 60_000], ['w', 604_800_000]]);

/** `5s` → 5000 ms. `m` and `min` are minutes. */
export function parseDuration(raw: unknown): Quantity {
  return parseQuantity(raw, UNITS, '5s', 'milliseconds');
}

export function formatDuration(ms: number): string {
  return formatQuantity(ms, WRITTEN_UNITS);
}
