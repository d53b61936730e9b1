import { getJson } from './poll.js';

/** @import { LatestPage, MeasurementSummary } from './types.js' */

const USUAL_NAMES = /^(device|device[-_]?(id|name)|sensor|sensor[-_]?id|client[-_]?id|node|thing)$/i;
/** Each tag that is tried is one query to the store. */
const MAX_TRIED_TAGS = 4;
export const LOOK_BACK_MS = 86_400_000;

/** @type {Map<string, string>} */
const found = new Map();

/**
 * The tag with a usual name for devices; `device` itself comes first.
 *
 * @param {readonly string[]} tags
 */
export function deviceTagByName(tags) {
  return tags.find((tag) => tag === 'device') ?? tags.find((tag) => USUAL_NAMES.test(tag));
}

/**
 * The tag that identifies devices: found by its name, otherwise the one with most values. Rejects with AnswerError.
 *
 * @param {MeasurementSummary} summary
 * @param {number} nowMs
 * @returns {Promise<string | undefined>}
 */
export async function findDeviceTag({ name, tags }, nowMs) {
  const byName = deviceTagByName(tags);
  if (byName !== undefined || tags.length < 2) return byName ?? tags[0];
  const key = JSON.stringify([name, tags]);
  if (!found.has(key)) found.set(key, await tagWithMostValues(name, tags, nowMs));
  return found.get(key);
}

/** @param {string} measurement @param {readonly string[]} tags @param {number} nowMs */
async function tagWithMostValues(measurement, tags, nowMs) {
  const from = String(Math.floor(nowMs - LOOK_BACK_MS));
  let best = { tag: tags[0], devices: -1 };
  for (const tag of tags.slice(0, MAX_TRIED_TAGS)) {
    const asked = { measurement, by: tag, from, silentBefore: from, limit: '1' };
    /** @type {LatestPage} */
    const { devices } = await getJson('/api/latest', asked);
    if (devices > best.devices) best = { tag, devices };
  }
  return best.tag;
}
