import { spanOf } from './chart-range.js';
import { ageWords, momentOf, shortSpan, widthWords } from './chart-time.js';
import { foreign } from './format.js';
import { columnValue } from './value-scale.js';

/** @import { LegendValues } from './line-legend.js' */
/** @import { ChartLook, Drawn, Value, View } from './types.js' */

/**
 * @typedef {object} ValuesContext
 * @property {string} unit
 * @property {number} step of the axis
 * @property {readonly ChartLook[]} looks
 * @property {View} view
 * @property {number} nowMs
 */

/**
 * What stands beside the lines: their newest values and extremes, or those of the bucket that is pointed at.
 *
 * @param {Drawn} drawn
 * @param {number | null} index
 * @param {ValuesContext} context
 * @returns {LegendValues}
 */
export function valuesOf({ timesMs, lines, bucketMs }, index, { unit, step, looks, view, nowMs }) {
  const atMs = index === null ? undefined : timesMs[index];
  if (index !== null && atMs !== undefined) {
    return {
      values: lines.map(({ values }) => values[index] ?? null),
      ranges: lines.map(({ lows, highs }) => rangeText(lows[index], highs[index], step)),
      at: `at ${momentOf(atMs, bucketMs, nowMs)}`,
      unit,
      rangeHead: `in ${widthWords(bucketMs)}`,
      step,
    };
  }
  return {
    values: lines.map(({ statistics }) => statistics.last?.value ?? null),
    ranges: lines.map(({ name, statistics: { min, max, last } }) => {
      // Of a range in the past it does not matter whether a device is silent now.
      const isSilent =
        view.kind === 'live' && looks.some((look) => look.name === name && look.state === 'silent');
      return isSilent && last !== null ? ageWords(nowMs - last.atMs) : rangeText(min, max, step);
    }),
    at: lines.length > 0 ? 'Newest values' : '',
    unit,
    rangeHead: view.kind === 'live' ? `in ${shortSpan(spanOf(view))}` : 'in this range',
    step,
  };
}

/**
 * The values of a bucket as a sentence for screen readers.
 *
 * @param {Drawn} drawn
 * @param {number} index
 * @param {Pick<ValuesContext, 'unit' | 'step' | 'nowMs'>} context
 * @param {ReadonlySet<string>} hidden
 */
export function spokenValues({ timesMs, lines, bucketMs }, index, { unit, step, nowMs }, hidden) {
  const shown = lines.filter(({ name }) => !hidden.has(name));
  const words = shown.map(({ label, values }) => `${foreign(label, 40)} ${columnValue(values[index], step)}`);
  const measuredIn = unit === '' ? '' : ` (${foreign(unit, 12)})`;
  return `${momentOf(timesMs[index], bucketMs, nowMs)}: ${words.join(', ')}${measuredIn}`;
}

/** @param {Value | undefined} low @param {Value | undefined} high @param {number} step */
function rangeText(low, high, step) {
  if (low === null || low === undefined || high === null || high === undefined) return '';
  return `${columnValue(low, step)} to ${columnValue(high, step)}`;
}
