/** @import { Value } from './types.js' */

const wholeNumbers = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });
const oneDecimal = new Intl.NumberFormat('en', { minimumFractionDigits: 1, maximumFractionDigits: 1 });
const twoDecimals = new Intl.NumberFormat('en', { maximumFractionDigits: 2 });
const fourDigits = new Intl.NumberFormat('en', { maximumSignificantDigits: 4 });
const columnValues = [0, 1, 2].map(
  (digits) => new Intl.NumberFormat('en', { minimumFractionDigits: digits, maximumFractionDigits: digits }),
);
const compactValues = new Intl.NumberFormat('en', { notation: 'compact', maximumSignificantDigits: 4 });
const clockTime = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' });
const dayMonth = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short' });

/** @param {number} number */
export function count(number) {
  return wholeNumbers.format(number);
}

/**
 * Per second; null while there is nothing to compare with.
 *
 * @param {number | null} perSecond
 */
export function rate(perSecond) {
  if (perSecond === null) return '–';
  return perSecond === 0 || perSecond >= 100 ? wholeNumbers.format(perSecond) : oneDecimal.format(perSecond);
}

/**
 * A measured value, for legends and axes.
 *
 * @param {Value | undefined} number
 */
export function value(number) {
  if (number === null || number === undefined) return '–';
  if (Math.abs(number) >= 1e6) return compactValues.format(number);
  return Math.abs(number) >= 1 ? twoDecimals.format(number) : fourDigits.format(number);
}

/**
 * With so many decimals whatever the value, so that a column of them lines up.
 *
 * @param {number} number
 * @param {number} decimals
 */
export function fixed(number, decimals) {
  return columnValues[decimals].format(number);
}

/** Units that rules write as words. */
const UNIT_SYMBOLS = new Map([
  ['celsius', '°C'],
  ['degC', '°C'],
  ['fahrenheit', '°F'],
  ['degF', '°F'],
  ['percent', '%'],
]);

/**
 * The unit of a field as it stands beside numbers.
 *
 * @param {string} unit
 */
export function unitSymbol(unit) {
  return UNIT_SYMBOLS.get(unit) ?? unit;
}

/** @param {number} number */
export function bytes(number) {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let amount = number;
  let unit = 0;
  while (amount >= 1024 && unit < units.length - 1) {
    amount /= 1024;
    unit += 1;
  }
  return `${unit === 0 || Number.isInteger(amount) ? wholeNumbers.format(amount) : oneDecimal.format(amount)} ${units[unit]}`;
}

/**
 * A part of a whole: "none", "under 1 %", "7 %".
 *
 * @param {number} part
 * @param {number} whole
 */
export function share(part, whole) {
  if (part <= 0 || whole <= 0) return 'none';
  const percent = (part / whole) * 100;
  return percent < 1 ? 'under 1\u00a0%' : `${Math.floor(percent)}\u00a0%`;
}

/**
 * 850 ms, 4.2 s, 3 min, 5 h 12 min, 3 d 4 h.
 *
 * @param {number} ms
 */
export function duration(ms) {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  const seconds = ms / 1000;
  if (seconds < 10) return `${oneDecimal.format(seconds)} s`;
  if (seconds < 60) return `${Math.floor(seconds)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return `${hours} h ${minutes % 60} min`;
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/**
 * How far behind: in seconds also where it is less than one.
 *
 * @param {number} ms
 */
export function delay(ms) {
  if (ms < 50) return 'under 0.1 s';
  return ms < 1000 ? `${oneDecimal.format(ms / 1000)} s` : duration(ms);
}

/**
 * Local time of day: 14:32:08.
 *
 * @param {number} atMs
 */
export function timeOfDay(atMs) {
  return clockTime.format(atMs);
}

/**
 * Local time of day; with the day in front when it is not today's.
 *
 * @param {number} atMs
 * @param {number} nowMs
 */
export function moment(atMs, nowMs) {
  const at = new Date(atMs);
  const isToday = at.toDateString() === new Date(nowMs).toDateString();
  return isToday ? clockTime.format(at) : `${dayMonth.format(at)} ${clockTime.format(at)}`;
}

/**
 * A string that a device chose, made safe to read: controls and text-direction marks shown as their code
 * point instead of acting, and cut where it stops being readable.
 *
 * @param {string} text
 * @param {number} [maxCharacters]
 */
export function foreign(text, maxCharacters = 200) {
  const shown = text.replace(
    /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu,
    (mark) => `\\u{${mark.codePointAt(0)?.toString(16)}}`,
  );
  return shown.length > maxCharacters ? `${shown.slice(0, maxCharacters)}…` : shown;
}
