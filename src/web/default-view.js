import { drawableFields } from './chart-lines.js';
import { DEFAULT_VIEW, PRESETS } from './chart-range.js';
import { getJson } from './poll.js';

/** @import { LiveView, MeasurementSummary, SeriesResponse } from './types.js' */

/** Each of them is a query. */
const MAX_ASKED = 4;
const [QUARTER, HOUR] = PRESETS;

/**
 * The range while nobody has chosen one: 24 hours, or less while all points are younger. Rejects with AnswerError.
 *
 * @param {readonly MeasurementSummary[]} measurements
 * @param {number} nowMs
 * @returns {Promise<LiveView>}
 */
export async function defaultView(measurements, nowMs) {
  let oldestMs = Number.POSITIVE_INFINITY;
  for (const { name, fields } of measurements.slice(0, MAX_ASKED)) {
    const [field] = drawableFields(fields);
    if (field === undefined) continue;
    const from = String(Math.floor(nowMs - DEFAULT_VIEW.spanMs));
    /** @type {SeriesResponse} */
    const { groups } = await getJson('/api/series', { measurement: name, field, from, buckets: '1' });
    oldestMs = Math.min(oldestMs, ...groups.map(({ statistics }) => statistics.first?.atMs ?? 0));
    if (nowMs - oldestMs > HOUR.spanMs) return DEFAULT_VIEW;
  }
  // Nothing in 24 hours: what there is must be older.
  if (!Number.isFinite(oldestMs)) return DEFAULT_VIEW;
  const { spanMs } = nowMs - oldestMs > QUARTER.spanMs ? HOUR : QUARTER;
  return { kind: 'live', spanMs };
}
