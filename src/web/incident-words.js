import { count, duration, moment } from './format.js';

/** @import { Incident } from './types.js' */

const DAY_MS = 86_400_000;
export const WEEK_MS = 7 * DAY_MS;

/** @param {Incident} incident @param {number} nowMs */
export function durationWords({ fromMs, toMs }, nowMs) {
  if (toMs === undefined) return `going on, ${duration(Math.max(0, nowMs - fromMs))}`;
  return duration(toMs - fromMs);
}

/**
 * What it did to messages: how many waited, when they were stored, whether any is lost.
 *
 * @param {Incident} incident
 * @param {number} nowMs
 */
export function outcomeWords({ waited, lost, tries, caughtUpMs }, nowMs) {
  const sentences = [];
  if (waited > 0) {
    const stored = caughtUpMs === undefined ? '' : `; all were stored by ${moment(caughtUpMs, nowMs)}`;
    sentences.push(`${count(waited)} ${waited === 1 ? 'message' : 'messages'} waited in the log${stored}.`);
  }
  if (tries > 0) sentences.push(`Tried again ${count(tries)} ${tries === 1 ? 'time' : 'times'}.`);
  sentences.push(
    lost === 0 ? 'Nothing lost.' : `${count(lost)} ${lost === 1 ? 'message' : 'messages'} lost.`,
  );
  return sentences.join(' ');
}

/** @param {readonly Incident[]} incidents @param {number} nowMs */
export function weekWords(incidents, nowMs) {
  const within = incidents.filter(({ toMs }) => (toMs ?? nowMs) >= nowMs - WEEK_MS);
  if (within.length === 0) return 'none in the last 7 days';
  const lost = within.reduce((sum, incident) => sum + incident.lost, 0);
  return `last 7 days: ${count(within.length)}, ${lost === 0 ? 'nothing lost' : `${count(lost)} lost`}`;
}

/**
 * The parts of the last seven days in which there was trouble, as shares of the week from its begin.
 *
 * @param {readonly Incident[]} incidents
 * @param {number} nowMs
 */
export function weekParts(incidents, nowMs) {
  const beginMs = nowMs - WEEK_MS;
  return incidents
    .filter(({ fromMs, toMs }) => (toMs ?? nowMs) >= beginMs && fromMs <= nowMs)
    .map(({ fromMs, toMs, level }) => {
      const from = (Math.max(fromMs, beginMs) - beginMs) / WEEK_MS;
      return { from, share: ((toMs ?? nowMs) - beginMs) / WEEK_MS - from, level };
    });
}
