import { momentOf } from './chart-time.js';
import { valueWords, wholeDuration } from './devices-view.js';
import { count, foreign } from './format.js';

/** @import { Look } from './types.js' */

const MINUTE_MS = 60_000;

/**
 * The name of a device as it is read; points without the tag are one device.
 *
 * @param {{ tag: string, name: string }} device
 */
export function deviceName({ tag, name }) {
  return name === '' ? `(without ${foreign(tag, 60)})` : foreign(name, 120);
}

/**
 * "is above its range", "is silent", "cannot be read".
 *
 * @param {Look} look
 */
export function lookWords(look) {
  if (look.state === 'silent') return 'is silent';
  if (look.state === 'unreadable') return 'cannot be read';
  const side = sideOf(look);
  return side === undefined ? 'is outside its range' : `is ${side.word} its range`;
}

/**
 * Why and since when: "9.6 °C, above 8 since 12:50", "since 11:20, 3 h 12 min", "not a number since 14:18; 14 set aside".
 *
 * @param {Look} look
 * @param {number} nowMs
 */
export function lookFacts(look, nowMs) {
  const { state, sinceMs } = look;
  const since = sinceMs === undefined ? '' : `since ${momentOf(sinceMs, MINUTE_MS, nowMs)}`;
  if (state === 'silent') {
    return sinceMs === undefined ? '' : `${since}, ${wholeDuration(Math.max(0, nowMs - sinceMs))}`;
  }
  if (state === 'unreadable') return unreadableFacts(look, since);
  const side = sideOf(look);
  const field = look.field === undefined ? '' : `${foreign(look.field, 60)} `;
  const unit = look.unit === undefined ? '' : ` ${foreign(look.unit, 20)}`;
  const value = look.value === undefined ? '' : `${field}${valueWords(look.value)}${unit}`;
  const limit = side === undefined ? since : `${side.word} ${valueWords(side.limit)} ${since}`;
  return [value, limit.trim()].filter(Boolean).join(', ');
}

/** @param {Look} look @param {string} since */
function unreadableFacts({ reason, count: kept }, since) {
  const why = [reason === undefined ? '' : foreign(reason, 120), since].filter(Boolean).join(', ');
  return kept === undefined ? why : `${why}; ${count(kept)} set aside`;
}

/** @param {Look} look */
function sideOf({ value, expected }) {
  if (expected === undefined || value === undefined) return undefined;
  const [low, high] = expected;
  return value > high ? { word: 'above', limit: high } : { word: 'below', limit: low };
}
