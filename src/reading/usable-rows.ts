import type { StatisticsPart } from '../sink/statistics.js';
import type { ReadableRows } from '../windows/readable-rows.js';
import type { Span } from '../windows/window-spans.js';
import type { UsableRows } from './plan-reading.js';
import type { SeriesQuery } from './series-query.js';

/**
 * Each stretch is a query to the store. Late points of one device can cut the rows of all into a hundred thousand; the
 * longest are read, and the rest comes from finer rows or points, which say the same.
 */
export const MAX_STRETCHES = 8;

/** The rows that can answer a query, from the coarsest to the finest; of several of one duration the first. */
export function usableRows(
  readable: readonly ReadableRows[],
  { field, by, only }: Pick<SeriesQuery, 'field' | 'by' | 'only'>,
  parts: ReadonlySet<StatisticsPart>,
): UsableRows[] {
  const tags = [by, only?.tag].filter((tag) => tag !== undefined);
  const levels = new Map<number, UsableRows>();
  for (const rows of readable) {
    const columns = rows.columns.get(field);
    if (columns === undefined) continue;
    // Rows of coarser groups do not tell one value of the tag from another.
    if (rows.by !== undefined && !tags.every((tag) => rows.by?.includes(tag))) continue;
    const says = (part: StatisticsPart) =>
      columns[part] !== undefined || (part === 'sum' && columns.mean !== undefined);
    if (![...parts].every(says) || levels.has(rows.everyMs)) continue;
    levels.set(rows.everyMs, { ...rows, columns, exact: exactSpans(rows), stored: storedSpan(rows) });
  }
  return [...levels.values()].sort((a, b) => b.everyMs - a.everyMs);
}

function storedSpan({ keptFromMs, closedUntilMs }: ReadableRows): Span {
  return { startMs: keptFromMs, endMs: closedUntilMs };
}

/** What is complete, kept and closed, without the windows that have to be computed again. */
function exactSpans({ completeFromMs, keptFromMs, closedUntilMs, due }: ReadableRows): Span[] {
  const spans: Span[] = [];
  let startMs = Math.max(completeFromMs, keptFromMs);
  for (const one of due.toSorted((a, b) => a.startMs - b.startMs)) {
    if (one.startMs >= closedUntilMs) break;
    if (one.startMs > startMs) spans.push({ startMs, endMs: one.startMs });
    startMs = Math.max(startMs, one.endMs);
  }
  if (startMs < closedUntilMs) spans.push({ startMs, endMs: closedUntilMs });
  if (spans.length <= MAX_STRETCHES) return spans;
  const longest = spans.sort((a, b) => b.endMs - b.startMs - (a.endMs - a.startMs)).slice(0, MAX_STRETCHES);
  return longest.sort((a, b) => a.startMs - b.startMs);
}
