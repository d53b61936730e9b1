import { getJson } from './poll.js';

const USUAL_NAMES = /^(device|device[-_]?(id|name)|sensor|sensor[-_]?id|client[-_]?id|node|thing)$/i;
/** The question goes to the store once a tag. */
const MAX_TRIED_TAGS = 4;
export const LOOK_BACK_MS = 86_400_000;

const found = new Map();

/** The tag that is called as devices usually are; `device` itself before all. */
export function deviceTagByName(tags) {
  return tags.find((tag) => tag === 'device') ?? tags.find((tag) => USUAL_NAMES.test(tag));
}

/** The tag that tells devices apart: by its name, else the one with most values. Rejects with AnswerError. */
export async function findDeviceTag({ name, tags }, nowMs) {
  const byName = deviceTagByName(tags);
  if (byName !== undefined || tags.length < 2) return byName ?? tags[0];
  const key = JSON.stringify([name, tags]);
  if (!found.has(key)) found.set(key, await tagWithMostValues(name, tags, nowMs));
  return found.get(key);
}

async function tagWithMostValues(measurement, tags, nowMs) {
  const from = String(Math.floor(nowMs - LOOK_BACK_MS));
  let best = { tag: tags[0], devices: -1 };
  for (const tag of tags.slice(0, MAX_TRIED_TAGS)) {
    const asked = { measurement, by: tag, from, silentBefore: from, limit: '1' };
    const { devices } = await getJson('/api/latest', asked);
    if (devices > best.devices) best = { tag, devices };
  }
  return best.tag;
}
