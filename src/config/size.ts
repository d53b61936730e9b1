import { formatQuantity, parseQuantity, type Quantity } from './quantity.js';

const WRITTEN_UNITS: ReadonlyMap<string, number> = new Map([
  ['B', 1],
  ['KiB', 2 ** 10],
  ['MiB', 2 ** 20],
  ['GiB', 2 ** 30],
  ['TiB', 2 ** 40],
  ['kB', 1e3],
  ['MB', 1e6],
  ['GB', 1e9],
  ['TB', 1e12],
]);

const UNITS: ReadonlyMap<string, number> = new Map([...WRITTEN_UNITS, ['KB', 1e3]]);

/** `64MiB` → 67108864 bytes. KiB, MiB … count in 1024, kB, MB … in 1000. */
export function parseSize(raw: unknown): Quantity {
  return parseQuantity(raw, UNITS, '64MiB', 'bytes');
}

export function formatSize(bytes: number): string {
  return formatQuantity(bytes, WRITTEN_UNITS);
}
