import { svgElement } from './dom.js';
import { WEEK_MS, weekParts } from './incident-words.js';

/** @import { Incident } from './types.js' */

const weekday = new Intl.DateTimeFormat('en-GB', { weekday: 'short', day: 'numeric' });
const DAYS = 7;
/** Shorter trouble is drawn as wide as this, or nobody would see it. */
const LEAST_PERCENT = 0.4;

/**
 * The last seven days as one bar, with the trouble in it.
 *
 * @param {readonly Incident[]} incidents
 * @param {number} nowMs
 */
export function weekBar(incidents, nowMs) {
  const parts = weekParts(incidents, nowMs).map(({ from, share, level }) =>
    svgElement('rect', {
      class: level,
      x: `${Math.min(100 - LEAST_PERCENT, from * 100)}%`,
      y: '4',
      width: `${Math.max(LEAST_PERCENT, share * 100)}%`,
      height: '12',
    }),
  );
  return svgElement(
    'svg',
    {
      class: 'week-bar',
      role: 'img',
      'aria-label': `Seven days, ${parts.length} ${parts.length === 1 ? 'incident' : 'incidents'}`,
    },
    svgElement('rect', { class: 'base', y: '4', width: '100%', height: '12', rx: '3' }),
    ...parts,
    ...Array.from({ length: DAYS }, (_, day) => dayLabel(day, nowMs)),
  );
}

/** @param {number} day @param {number} nowMs */
function dayLabel(day, nowMs) {
  const share = (day + 0.5) / DAYS;
  const text = weekday.format(nowMs - WEEK_MS + share * WEEK_MS);
  return svgElement(
    'text',
    { x: `${Math.round(share * 1000) / 10}%`, y: '30', 'text-anchor': 'middle' },
    text,
  );
}
