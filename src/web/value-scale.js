import { value } from './format.js';

/** @import { ShownLine, Value } from './types.js' */

/** Steps between two ticks, times a power of ten. */
const STEPS = [1, 2, 5, 10];
const MAX_DECIMALS = 3;
/** Smaller differences are lost in the arithmetic of doubles. */
const LEAST_ROOM = 1e-100;
/** Steps up to 10 get one decimal, steps up to 1 two. */
const LEAST_DIGITS = 1.3;
/** Formats by their number of decimals. */
const formats = Array.from(
  { length: MAX_DECIMALS + 1 },
  (_, decimals) =>
    new Intl.NumberFormat('en', { minimumFractionDigits: decimals, maximumFractionDigits: decimals }),
);

/**
 * The scale of an axis: it begins and ends at a tick, so that it moves seldom while values change.
 *
 * @param {number} low
 * @param {number} high
 * @param {number} intervals between two ticks, about
 * @returns {{ min: number; max: number; step: number }}
 */
export function valueScale(low, high, intervals) {
  if (!(low <= high)) return { min: 0, max: 1, step: 1 };
  const isFlat = high - low < LEAST_ROOM;
  const flatRoom = Math.abs(low) * 0.1;
  const room = isFlat ? (flatRoom < LEAST_ROOM ? 1 : flatRoom) : high - low;
  const rough = room / Math.max(1, intervals);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * (STEPS.find((one) => one * power >= rough * 0.999) ?? 10);
  const around = isFlat ? room / 2 : 0;
  const first = Math.floor((low - around) / step + 1e-9);
  const last = Math.ceil((high + around) / step - 1e-9);
  return { min: exact(first * step), max: exact(Math.max(last, first + 1) * step), step };
}

/** @param {{ min: number; max: number; step: number }} scale @returns {number[]} */
export function ticksOf({ min, max, step }) {
  return Array.from({ length: Math.round((max - min) / step) + 1 }, (_, nth) => exact(min + nth * step));
}

/**
 * The least and the greatest value of the lines that are shown; `low` is above `high` where there is none.
 *
 * @param {readonly ShownLine[]} lines
 */
export function extentOf(lines) {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const { isShown, lows, highs, values } of lines) {
    if (!isShown) continue;
    for (const column of [lows, highs, values]) {
      for (const number of column) {
        if (number === null) continue;
        low = Math.min(low, number);
        high = Math.max(high, number);
      }
    }
  }
  return { low, high };
}

/**
 * A value in a column of a legend: with so many decimals that a tenth of a tick of the axis can be read.
 *
 * @param {Value | undefined} number
 * @param {number} step
 */
export function columnValue(number, step) {
  if (number === null || number === undefined) return '–';
  if (Math.abs(number) >= 1e6 || !(step > 0)) return value(number);
  const decimals = Math.min(MAX_DECIMALS, Math.max(0, Math.ceil(LEAST_DIGITS - Math.log10(step))));
  return formats[decimals].format(number);
}

/**
 * Without the rests of binary fractions, such as 0.30000000000000004.
 *
 * @param {number} number
 */
function exact(number) {
  return Number(number.toPrecision(12));
}
