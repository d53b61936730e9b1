import { join } from 'node:path';
import { asObject, checkedJson, isCount, parseCheckedJson } from '../lib/checked-json.js';
import { replaceFileWithoutReserve } from '../lib/durable-files.js';
import { readFile } from '../lib/files.js';
import { ifThere } from '../lib/if-there.js';
import type { BestOfHour } from './best-rate.js';
import { INCIDENT_CAUSES } from './incident.js';
import type { DayStart } from './ledger-of-day.js';
import type { SavedIncidents } from './look.js';

export const TIMELINE_FILE = 'timeline.json';
const FORMAT = 1;
const CONTENT_KEY = 'timeline';

/** What is remembered of the gateway over restarts. */
export interface SavedTimeline {
  readonly savedMs: number;
  readonly incidents: SavedIncidents;
  readonly day?: DayStart;
  readonly bestRates: readonly BestOfHour[];
}

export type ReadTimeline =
  | { readonly kind: 'missing' }
  | { readonly kind: 'good'; readonly timeline: SavedTimeline }
  | { readonly kind: 'damaged'; readonly why: string };

/** Rejects with the system's error. */
export async function readTimeline(root: string): Promise<ReadTimeline> {
  const text = await ifThere(readFile(join(root, TIMELINE_FILE), 'utf8'));
  if (text === undefined) return { kind: 'missing' };
  const checked = parseCheckedJson(CONTENT_KEY, text);
  if (checked.kind === 'damaged') return checked;
  if (!isTimeline(checked.content)) return { kind: 'damaged', why: 'it has another shape' };
  return { kind: 'good', timeline: withKnownCauses(checked.content as SavedTimeline) };
}

/** The checksum says that it is what a gateway has written; this, that it was one of this format. */
function isTimeline(content: unknown): boolean {
  const { format, savedMs, incidents, bestRates } = asObject(content);
  const { ended, open, lost } = asObject(incidents);
  const lists = [ended, open, bestRates];
  return format === FORMAT && isCount(savedMs) && isCount(lost) && lists.every((list) => Array.isArray(list));
}

/** A later version may have known more causes. */
function withKnownCauses(timeline: SavedTimeline): SavedTimeline {
  const isKnown = ({ cause }: { readonly cause: string }) => INCIDENT_CAUSES.some((known) => known === cause);
  const { ended, open, lost } = timeline.incidents;
  const incidents = { ended: ended.filter(isKnown), open: open.filter(isKnown), lost };
  return { ...timeline, incidents };
}

/**
 * Replaces the file durably. Rejects with the system's error, also when there is no room: the reserve of the disk is for what
 * records need.
 */
export function writeTimeline(root: string, timeline: SavedTimeline): Promise<void> {
  const content = { format: FORMAT, ...timeline };
  return replaceFileWithoutReserve(join(root, TIMELINE_FILE), checkedJson(CONTENT_KEY, content));
}
