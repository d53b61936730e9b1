/** @import { Incident, KnownWarning } from './types.js' */

/** @typedef {{ incident: Incident | null, warnings: readonly KnownWarning[] }} WarningGroup */

/** A warning may be written a moment before its incident is noticed, or after its end. */
const SLACK_MS = 10_000;

/**
 * Puts the warnings of one incident into one group, at the place of the newest of them; every other warning is a group of
 * its own.
 *
 * @param {readonly KnownWarning[]} warnings newest first
 * @param {readonly Incident[]} incidents newest first
 * @returns {readonly WarningGroup[]}
 */
export function groupByIncident(warnings, incidents) {
  /** @type {Map<string, { incident: Incident | null, warnings: KnownWarning[] }>} */
  const groups = new Map();
  for (const warning of warnings) {
    const incident = incidents.find((known) => belongsTo(warning, known)) ?? null;
    const key = incident === null ? `warning ${warning.key}` : `incident ${incident.id}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { incident, warnings: [warning] });
    else group.warnings.push(warning);
  }
  return [...groups.values()];
}

/** @param {KnownWarning} warning @param {Incident} incident */
function belongsTo({ code, atMs }, { warnings, fromMs, toMs }) {
  return (
    warnings.includes(code) && atMs >= fromMs - SLACK_MS && (toMs === undefined || atMs <= toMs + SLACK_MS)
  );
}
