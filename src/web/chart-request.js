import { foreign } from './format.js';
import { lineStyle, stylesOf } from './line-styles.js';
import { getJson } from './poll.js';

/** @import { Drawn, SeriesResponse, Window } from './types.js' */

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

/**
 * Asks the store for the lines of a chart, in the order of their labels. Rejects with AnswerError.
 *
 * @param {Chart} chart
 * @param {Pick<Window, 'fromMs' | 'toMs' | 'buckets'>} window
 * @returns {Promise<Drawn>}
 */
export async function askLines(chart, window) {
  const { measurement, field, by } = chart;
  /** @type {SeriesResponse} */
  const { groups, timesMs, bucketMs, moreGroups } = await getJson(
    '/api/series',
    seriesRequest(chart, window),
  );
  const styles = stylesOf(
    measurement,
    by ?? '',
    groups.map(({ name }) => name),
  );
  const lines = groups.map((group) => ({
    ...group,
    label: by === undefined ? field : group.name || `(without ${foreign(by, 60)})`,
    style: styles.get(group.name) ?? lineStyle(0),
  }));
  lines.sort((a, b) => a.label.localeCompare(b.label, 'en', { numeric: true }));
  return { timesMs, lines, bucketMs, field, tag: by, moreGroups };
}
