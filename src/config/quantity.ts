/** What a text with a unit turned out to be: a number in the base unit, or why it is none. */
export type Quantity =
  | { readonly ok: true; readonly value: number }
  | { readonly ok: false; readonly hint: string };

const WRITTEN = /^(\d+(?:\.\d+)?) ?([A-Za-z]*)$/;

/** Float noise of a decimal times a unit (1.1s is 1100.0000000000001 ms). */
const ROUNDING = 1e-6;

/**
 * Reads `<number><unit>` into whole base units. `units` maps each accepted spelling to its factor;
 * `example` is what the hints show.
 */
export function parseQuantity(
  raw: unknown,
  units: ReadonlyMap<string, number>,
  example: string,
  baseUnit: string,
): Quantity {
  if (typeof raw === 'number') return { ok: false, hint: `write a unit, such as ${example}` };
  const [, digits, unit] = (typeof raw === 'string' && WRITTEN.exec(raw.trim())) || [];
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

/** The shortest exact way to write `value`, largest unit first. */
export function formatQuantity(value: number, units: ReadonlyMap<string, number>): string {
  const descending = [...units].sort(([, left], [, right]) => right - left);
  for (const [unit, factor] of descending) {
    if (value > 0 && value % factor === 0) return `${value / factor}${unit}`;
  }
  const [smallest] = descending.at(-1)!;
  return `${value}${smallest}`;
}
