/** A text with a unit after parsing: a number in the base unit, or a hint why it cannot be parsed. */
export type Quantity =
  | { readonly ok: true; readonly value: number }
  | { readonly ok: false; readonly hint: string };

/** Unit → its size in the base unit. */
type Units = ReadonlyMap<string, number>;

/** The units that durations are written with. */
const DURATION_UNITS: Units = new Map([
  ['ms', 1],
  ['s', 1_000],
  ['min', 60_000],
  ['h', 3_600_000],
  ['d', 86_400_000],
]);
const ACCEPTED_DURATION_UNITS: Units = new Map([...DURATION_UNITS, ['m', 60_000], ['w', 604_800_000]]);

/** The units that sizes are written with. */
const SIZE_UNITS: Units = new Map([
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
const ACCEPTED_SIZE_UNITS: Units = new Map([...SIZE_UNITS, ['KB', 1e3]]);

/** Parses a duration into milliseconds: `5s` → 5000. `m` and `min` are minutes. */
export function parseDuration(raw: unknown): Quantity {
  return parseQuantity(raw, ACCEPTED_DURATION_UNITS, '5s', 'milliseconds');
}

export function formatDuration(ms: number): string {
  return formatQuantity(ms, DURATION_UNITS);
}

/** Parses a size into bytes: `64MiB` → 67108864. KiB, MiB … count in 1024; kB, MB … count in 1000. */
export function parseSize(raw: unknown): Quantity {
  return parseQuantity(raw, ACCEPTED_SIZE_UNITS, '64MiB', 'bytes');
}

export function formatSize(bytes: number): string {
  return formatQuantity(bytes, SIZE_UNITS);
}

const NUMBER_AND_UNIT = /^(\d+(?:\.\d+)?) ?([A-Za-z]*)$/;

/** Rounding error of a decimal times a unit (1.1s is 1100.0000000000001 ms). */
const ROUNDING = 1e-6;

/**
 * Parses `<number><unit>` into whole base units.
 *
 * @param example shown in the hints
 */
function parseQuantity(raw: unknown, units: Units, example: string, baseUnit: string): Quantity {
  if (typeof raw === 'number') return { ok: false, hint: `write a unit, such as ${example}` };
  const [, digits, unit] = (typeof raw === 'string' && NUMBER_AND_UNIT.exec(raw.trim())) || [];
  if (digits === undefined || unit === undefined) return { ok: false, hint: `write it like ${example}` };
  if (unit === '') return { ok: false, hint: `write a unit, such as ${example}` };
  const factor = units.get(unit);
  if (factor === undefined) {
    return { ok: false, hint: `"${unit}" is none of the units ${[...units.keys()].join(', ')}` };
  }
  const exact = Number(digits) * factor;
  const value = Math.round(exact);
  if (!Number.isSafeInteger(value)) return { ok: false, hint: 'it is larger than can be counted' };
  if (Math.abs(exact - value) > ROUNDING * Math.max(1, exact)) {
    return { ok: false, hint: `it is not a whole number of ${baseUnit}` };
  }
  return { ok: true, value };
}

/** Returns the shortest exact text for `value`, with the largest unit that divides it. */
function formatQuantity(value: number, units: Units): string {
  const descending = [...units].sort(([, left], [, right]) => right - left);
  for (const [unit, factor] of descending) {
    if (value > 0 && value % factor === 0) return `${value / factor}${unit}`;
  }
  const [smallest] = descending.at(-1)!;
  return `${value}${smallest}`;
}
