import { drawableFields } from './chart-lines.js';
import { momentOf } from './chart-time.js';
import { count, duration, fixed, value } from './format.js';

/** @import { FieldValue, Fields, LatestGroup, LatestPage } from './types.js' */

/** The main field and two more. The details of a device show all. */
const MAX_COLUMNS = 3;

/** @type {Readonly<Record<number, string>>} */
const SILENT_WORDS = { 30: '30 s', 60: '1 min', 300: '5 min', 900: '15 min', 3600: '1 h', 86400: '24 h' };

/**
 * The states in plain words, with the word of the API where it is another one.
 *
 * @type {Readonly<Record<LatestGroup['state'], string>>}
 */
export const STATE_SENTENCES = {
  reporting: 'Reporting: it sends, and nothing is wrong.',
  late: 'Late: its next value is overdue.',
  silent: 'Silent: it has sent nothing for a while, and for longer than usual.',
  outside: 'Outside: its newest value is not within what its rule expects. It is stored all the same.',
  unreadable:
    'Set aside (parked): its messages could not become points. They are kept whole with their reason.',
};

/**
 * "above its range", "battery below its range", "silent", "cannot be read", "reporting".
 *
 * @param {Pick<LatestGroup, 'state' | 'values'>} group
 * @param {string | undefined} mainField
 */
export function stateWords({ state, values }, mainField) {
  if (state === 'unreadable') return 'cannot be read';
  if (state !== 'outside') return state;
  const out = values.filter(({ outside }) => outside !== undefined);
  const shown = out.find(({ field }) => field === mainField) ?? out[0];
  if (shown === undefined) return 'outside its range';
  const words = `${shown.outside} its range`;
  return shown.field === mainField ? words : `${shown.field} ${words}`;
}

/**
 * The fields that get a column, the most useful first, and how many are omitted. Of the numbers those of which a rule
 * states what is expected come first, then those with a unit.
 *
 * @param {Fields} fields
 */
export function columnsOf(fields) {
  const drawable = drawableFields(fields);
  const rankOf = new Map(
    fields.map(({ name, unit, expected }) => [
      name,
      expected === undefined ? (unit === undefined ? 2 : 1) : 0,
    ]),
  );
  const numeric = drawable.toSorted((a, b) => (rankOf.get(a) ?? 0) - (rankOf.get(b) ?? 0));
  const others = fields.map(({ name }) => name).filter((name) => !numeric.includes(name));
  const all = [...numeric, ...others];
  return {
    columns: all.slice(0, MAX_COLUMNS),
    main: numeric.at(0),
    omitted: Math.max(0, all.length - MAX_COLUMNS),
  };
}

/**
 * The unit of a field, '' where no rule states it.
 *
 * @param {Fields} fields
 * @param {string} name
 */
export function unitOf(fields, name) {
  return fields.find((field) => field.name === name)?.unit ?? '';
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
  return sinceMs < 1_000 ? 'now' : `${wholeDuration(sinceMs)} ago`;
}

/**
 * "4 s", "2 h", "3 h 12 min".
 *
 * @param {number} ms
 */
export function wholeDuration(ms) {
  const words = duration(Math.floor(ms / 1_000) * 1_000);
  return words.replace('.0', '').replace(/ 0 (min|h)$/, '');
}

/**
 * "as of 14:09": what was known then, and is not known now.
 *
 * @param {number} atMs
 * @param {number} nowMs
 */
export function asOfWords(atMs, nowMs) {
  return `as of ${momentOf(atMs, 60_000, nowMs)}`;
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
