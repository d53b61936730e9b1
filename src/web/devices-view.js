import { drawableFields } from './chart-lines.js';
import { count, duration, fixed, value } from './format.js';

/** @import { DeviceState, FieldValue, Fields, LatestPage } from './types.js' */

/** More columns than this are not read side by side; the export has all. */
const MAX_COLUMNS = 5;
/** A device is late once it has been quiet for this share of the time that makes it silent. */
const LATE_SHARE = 0.5;

/** @type {Readonly<Record<number, string>>} */
const SILENT_WORDS = { 30: '30 s', 60: '1 min', 300: '5 min', 900: '15 min', 3600: '1 h', 86400: '24 h' };

/**
 * `reporting`, `late` or `silent`, by the time since the last point.
 *
 * @param {number} sinceMs
 * @param {number} silentAfterMs
 * @returns {DeviceState}
 */
export function deviceState(sinceMs, silentAfterMs) {
  if (sinceMs >= silentAfterMs) return 'silent';
  return sinceMs >= silentAfterMs * LATE_SHARE ? 'late' : 'reporting';
}

/**
 * The fields that get a column, the most useful first, and how many are omitted.
 *
 * @param {Fields} fields
 */
export function columnsOf(fields) {
  const numeric = drawableFields(fields);
  const others = fields.map(({ name }) => name).filter((name) => !numeric.includes(name));
  const all = [...numeric, ...others];
  return { columns: all.slice(0, MAX_COLUMNS), omitted: Math.max(0, all.length - MAX_COLUMNS) };
}

/**
 * "10,000 devices, 12 silent".
 *
 * @param {Pick<LatestPage, 'devices' | 'silent'>} page
 */
export function countWords({ devices, silent }) {
  const noun = devices === 1 ? 'device' : 'devices';
  return `${count(devices)} ${noun}, ${silent === 0 ? 'none' : count(silent)} silent`;
}

/**
 * Whole units, so that the words change once a second at most.
 *
 * @param {number} sinceMs
 */
export function sinceWords(sinceMs) {
  if (sinceMs < 1_000) return 'now';
  const words = duration(Math.floor(sinceMs / 1_000) * 1_000);
  return `${words.replace('.0', '').replace(/ 0 (min|h)$/, '')} ago`;
}

/** @param {number} seconds */
export function silentWords(seconds) {
  return SILENT_WORDS[seconds] ?? `${seconds} s`;
}

/**
 * How many decimals all numbers of a column get; undefined where some are too small or too large for it.
 *
 * @param {readonly (FieldValue | undefined)[]} values
 */
export function decimalsOf(values) {
  const numbers = values.flatMap((raw) => (typeof raw === 'number' && raw !== 0 ? [Math.abs(raw)] : []));
  if (numbers.length === 0 || numbers.some((number) => number < 0.1 || number >= 1e6)) return undefined;
  return Math.max(...numbers.map((number) => [0, 1].find((digits) => isExact(number, digits)) ?? 2));
}

/** @param {number} number @param {number} digits */
function isExact(number, digits) {
  return Math.abs(number - Number(number.toFixed(digits))) < 0.005;
}

/**
 * A value of any type, short. `decimals`: of its column.
 *
 * @param {FieldValue | undefined} raw
 * @param {number} [decimals]
 */
export function valueWords(raw, decimals) {
  if (raw === undefined) return '–';
  if (typeof raw === 'boolean') return raw ? 'yes' : 'no';
  if (typeof raw !== 'number') return raw;
  return decimals === undefined ? value(raw) : fixed(raw, decimals);
}
