import type { ParkedRecord } from '../dead-letter/parked-record.js';

/** Which parked records a replay or purge is about. A record is selected if it meets every condition. */
export interface ParkedSelection {
  readonly ids?: readonly string[];
  /** The code that the record is parked under now. */
  readonly code?: string;
  /** Topic name, exactly as the record has it. */
  readonly topic?: string;
  /** The rule that took the record. */
  readonly rule?: string;
  /** The user that the publisher had signed in as. */
  readonly user?: string;
  /** The record was parked before this time, in ms since 1970. */
  readonly parkedBeforeMs?: number;
  /** Selects every record; required when there is no other condition. */
  readonly all?: true;
}

/** The limit for the ids of one selection. More records than this are better selected by another condition. */
export const MAX_SELECTED_IDS = 10_000;

/** The most characters that a condition can need: an MQTT topic has 65,535 bytes at most. */
const MAX_TEXT = 65_535;

/** Reads a selection from JSON. Returns a text that says what is wrong and what is expected if it is not one. */
export function readSelection(from: unknown): ParkedSelection | string {
  if (typeof from !== 'object' || from === null || Array.isArray(from)) {
    return 'the selection: expected an object with ids, code, topic, rule, user, parkedBeforeMs or all';
  }
  const { ids, code, topic, rule, user, parkedBeforeMs, all, ...unknown } = from as Record<string, unknown>;
  const [odd] = Object.keys(unknown);
  if (odd !== undefined) {
    return `the selection: unknown key ${JSON.stringify(odd.slice(0, 64))}, expected ids, code, topic, rule, user, parkedBeforeMs or all`;
  }
  for (const [key, text] of Object.entries({ code, topic, rule, user })) {
    if (text !== undefined && (typeof text !== 'string' || text === '' || text.length > MAX_TEXT))
      return `${key}: expected a text`;
  }
  if (ids !== undefined && !isIds(ids)) {
    return `ids: expected a list of 1 to ${MAX_SELECTED_IDS} ids as the list of parked records shows them`;
  }
  if (parkedBeforeMs !== undefined && !Number.isFinite(parkedBeforeMs)) {
    return 'parkedBeforeMs: expected a time in ms since 1970';
  }
  if (all !== undefined && all !== true) return 'all: expected true';
  const conditions = [ids, code, topic, rule, user, parkedBeforeMs, all];
  if (conditions.every((one) => one === undefined)) {
    return 'nothing is selected: name ids, a code, a topic, a rule or a user, or ask for all';
  }
  return from as ParkedSelection;
}

/** Returns a function that checks whether a parked record is selected. */
export function matcherOf(selection: ParkedSelection): (parked: ParkedRecord) => boolean {
  const { code, topic, rule, user, parkedBeforeMs } = selection;
  const ids = selection.ids === undefined ? undefined : new Set(selection.ids);
  return (parked) => {
    if (ids !== undefined && !ids.has(parked.id)) return false;
    if (code !== undefined && parked.code !== code) return false;
    if (topic !== undefined && parked.topic !== topic) return false;
    if (rule !== undefined && parked.rule !== rule) return false;
    if (user !== undefined && parked.user !== user) return false;
    return parkedBeforeMs === undefined || parked.parkedAtMs < parkedBeforeMs;
  };
}

function isIds(ids: unknown): ids is readonly string[] {
  if (!Array.isArray(ids) || ids.length === 0 || ids.length > MAX_SELECTED_IDS) return false;
  return ids.every((id) => typeof id === 'string' && /^\d{1,20}$/.test(id));
}
