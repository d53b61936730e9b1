import { presetOf } from './chart-range.js';

/** @import { View } from './types.js' */

const SECOND_MS = 1_000;
const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

const SECONDS = { unitMs: SECOND_MS, unit: 's' };
const SPAN_UNITS = [
  { unitMs: DAY_MS, unit: 'days' },
  { unitMs: 60 * MINUTE_MS, unit: 'h' },
  { unitMs: MINUTE_MS, unit: 'min' },
  SECONDS,
];

const hourMinute = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit' });
const toTheSecond = new Intl.DateTimeFormat('en-GB', {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
});
const toTheMilli = new Intl.DateTimeFormat('en-GB', {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  fractionalSecondDigits: 3,
});
const dayMonth = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short' });
const dayMonthYear = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', year: 'numeric' });

/**
 * Ticks of the time axis `stepMs` apart, in local time; at midnight the day.
 *
 * @param {readonly number[]} ticks
 * @param {number} stepMs
 */
export function axisTimes(ticks, stepMs) {
  return ticks.map((at) => {
    const date = new Date(at);
    const isMidnight = date.getHours() + date.getMinutes() + date.getSeconds() === 0;
    if (stepMs >= DAY_MS || (isMidnight && at % SECOND_MS === 0)) return dayMonth.format(date);
    return clockFor(stepMs).format(date);
  });
}

/**
 * Local time of day, as exact as buckets of this width allow, with the day when it is not today.
 *
 * @param {number} atMs
 * @param {number} bucketMs
 * @param {number} nowMs
 */
export function momentOf(atMs, bucketMs, nowMs) {
  const clock = clockFor(bucketMs).format(new Date(atMs));
  return isSameDay(atMs, nowMs) ? clock : `${dayOf(atMs, nowMs)} ${clock}`;
}

/**
 * "last 5 minutes", or "21 Nov 13:02:10 to 13:07:20".
 *
 * @param {View} view
 * @param {number} nowMs
 */
export function rangeWords(view, nowMs) {
  if (view.kind === 'live') return presetOf(view)?.words ?? `last ${spanWords(view.spanMs)}`;
  const { fromMs, toMs } = view;
  const isFine = toMs - fromMs < 10 * SECOND_MS;
  const clock = isFine ? toTheMilli : toTheSecond;
  const end = isSameDay(fromMs, toMs) ? '' : `${dayOf(toMs, nowMs)} `;
  return `${dayOf(fromMs, nowMs)} ${clock.format(fromMs)} to ${end}${clock.format(toMs)}`;
}

/**
 * 90 s, 2.5 min, 6 h, 7 days.
 *
 * @param {number} spanMs
 */
function spanWords(spanMs) {
  const { unitMs, unit } = SPAN_UNITS.find((one) => spanMs >= 2 * one.unitMs) ?? SECONDS;
  return `${Number((spanMs / unitMs).toFixed(1))} ${unit}`;
}

/**
 * "3 h ago": roughly, for a narrow column.
 *
 * @param {number} ageMs
 */
export function ageWords(ageMs) {
  const { unitMs, unit } = SPAN_UNITS.find((one) => ageMs >= one.unitMs) ?? SECONDS;
  return `${Math.floor(ageMs / unitMs)} ${unit === 'days' ? 'd' : unit} ago`;
}

/**
 * "5 min", "1 h", "1 d": the width of a bucket.
 *
 * @param {number} bucketMs
 */
export function widthWords(bucketMs) {
  if (bucketMs < SECOND_MS) return `${bucketMs} ms`;
  const { unitMs, unit } = SPAN_UNITS.find((one) => bucketMs >= one.unitMs) ?? SECONDS;
  return `${Number((bucketMs / unitMs).toFixed(1))} ${unit === 'days' ? 'd' : unit}`;
}

/**
 * "24 h" as on the button of a range; else as the width of a bucket.
 *
 * @param {number} spanMs
 */
export function shortSpan(spanMs) {
  return presetOf({ kind: 'live', spanMs })?.label ?? widthWords(spanMs);
}

/**
 * "UTC+05:30" of the browser's zone at that moment.
 *
 * @param {number} atMs
 */
export function zoneOf(atMs) {
  const minutes = -new Date(atMs).getTimezoneOffset();
  if (minutes === 0) return 'UTC';
  /** @param {number} number */
  const two = (number) => String(Math.abs(number)).padStart(2, '0');
  return `UTC${minutes < 0 ? '-' : '+'}${two(Math.trunc(minutes / 60))}:${two(minutes % 60)}`;
}

/**
 * As an input of type datetime-local takes it: local time to the second. `Date.parse` reads it back.
 *
 * @param {number} atMs
 */
export function localInput(atMs) {
  const date = new Date(Math.floor(atMs / SECOND_MS) * SECOND_MS);
  /** @param {number} number */
  const two = (number) => String(number).padStart(2, '0');
  const day = `${String(date.getFullYear()).padStart(4, '0')}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day}T${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

/** @param {number} stepMs */
function clockFor(stepMs) {
  if (stepMs < SECOND_MS) return toTheMilli;
  return stepMs < MINUTE_MS ? toTheSecond : hourMinute;
}

/** @param {number} atMs @param {number} nowMs */
function dayOf(atMs, nowMs) {
  const isThisYear = new Date(atMs).getFullYear() === new Date(nowMs).getFullYear();
  return (isThisYear ? dayMonth : dayMonthYear).format(new Date(atMs));
}

/** @param {number} oneMs @param {number} otherMs */
function isSameDay(oneMs, otherMs) {
  return new Date(oneMs).toDateString() === new Date(otherMs).toDateString();
}
