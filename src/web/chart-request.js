/** @import { Window } from './types.js' */

/**
 * @typedef {object} Chart
 * @property {string} measurement
 * @property {string} field
 * @property {string} [by]
 * @property {string} onlyTag
 * @property {readonly string[]} only
 */

/**
 * The question for one chart to `/api/series`, as pairs: `only` comes once a device.
 *
 * @param {Chart} chart
 * @param {Pick<Window, 'fromMs' | 'toMs' | 'buckets'>} window
 * @returns {string[][]}
 */
export function seriesRequest({ measurement, field, by, onlyTag, only }, { fromMs, toMs, buckets }) {
  return [
    ['measurement', measurement],
    ['field', field],
    // Nothing can be older than 1970.
    ['from', String(Math.max(0, fromMs))],
    ['to', String(toMs)],
    ['buckets', String(buckets)],
    ...(by === undefined ? [] : [['by', by]]),
    ...(only.length === 0 ? [] : [['onlyTag', onlyTag], ...only.map((value) => ['only', value])]),
  ];
}
