import type { RowColumns } from '../sink/statistics.js';
import type { ReadableRows } from '../windows/readable-rows.js';
import type { Span } from '../windows/window-spans.js';

/** A stretch of time, and what its values are read from. */
export interface Segment extends Span {
  /** Absent: from points. */
  readonly rows?: UsableRows;
}

/** Rows of a resolution that can stand for the points of a query. */
export interface UsableRows extends Pick<ReadableRows, 'measurement' | 'to' | 'everyMs' | 'spans' | 'by'> {
  readonly columns: RowColumns;
  /** The times of whole windows whose rows are exactly what the points say, ascending and disjoint. */
  readonly exact: readonly Span[];
  /** The same for windows that have a row, whether or not it is exact. */
  readonly stored: Span;
}

export interface ReadingPlan {
  /** Ascending, disjoint, without a gap from `fromMs` to `toMs`. */
  readonly segments: readonly Segment[];
  readonly fromMs: number;
  readonly toMs: number;
}

/** What there is to read from. */
export interface Sources {
  /** Rows that say all that is asked, from the coarsest to the finest. */
  readonly levels: readonly UsableRows[];
  /** Rows that say at least the count, from the finest to the coarsest: they stand in where points are deleted. */
  readonly fallbacks: readonly UsableRows[];
  /** Points before this time may be deleted; -Infinity: none are. */
  readonly pointsFromMs: number;
}

/**
 * Decides for each moment of a range what is read there: the coarsest rows whose windows lie whole in one bucket and are
 * exactly what the points say, else points, and where points may be deleted already the finest rows that are left.
 *
 * @param edges the buckets: each begins at one and ends at the next
 */
export function planReading(
  edges: readonly number[],
  { startMs, endMs }: Span,
  sources: Sources,
): ReadingPlan {
  const fits = ({ spans }: UsableRows) => edges.every((edge) => spans.latestWith(edge).startMs === edge);
  const fitting = {
    ...sources,
    levels: sources.levels.filter(fits),
    fallbacks: sources.fallbacks.filter(fits),
  };
  const oldest = fallbackAt(fitting, startMs);
  const range = { startMs, endMs };
  if (oldest !== undefined) {
    // A part of a window cannot be read from rows.
    range.startMs = oldest.spans.latestWith(startMs).startMs;
    if (endMs < sources.pointsFromMs) range.endMs = ceiling(oldest, endMs);
  }
  const segments = joined(cover(range, fitting.levels, fitting));
  return { segments, fromMs: range.startMs, toMs: range.endMs };
}

/** The finest rows that are kept for a time whose points may be deleted; undefined: points are kept, or there are no rows. */
export function fallbackAt({ fallbacks, pointsFromMs }: Sources, timeMs: number): UsableRows | undefined {
  if (timeMs >= pointsFromMs) return undefined;
  return fallbacks.find(({ stored }) => stored.startMs <= timeMs && timeMs < stored.endMs);
}

function cover(span: Span, [rows, ...finer]: readonly UsableRows[], sources: Sources): Segment[] {
  if (rows === undefined) return withoutDeleted(span, sources.fallbacks, sources);
  const segments: Segment[] = [];
  let atMs = span.startMs;
  for (const exact of rows.exact) {
    const startMs = ceiling(rows, Math.max(exact.startMs, atMs));
    const endMs = rows.spans.latestWith(Math.min(exact.endMs, span.endMs)).startMs;
    if (endMs <= startMs) continue;
    if (startMs > atMs) segments.push(...cover({ startMs: atMs, endMs: startMs }, finer, sources));
    segments.push({ startMs, endMs, rows });
    atMs = endMs;
  }
  if (atMs < span.endMs) segments.push(...cover({ startMs: atMs, endMs: span.endMs }, finer, sources));
  return segments;
}

/** Where points may be deleted, rows that may not be exact say more than nothing. */
function withoutDeleted(
  span: Span,
  [rows, ...coarser]: readonly UsableRows[],
  { pointsFromMs }: Sources,
): Segment[] {
  if (rows === undefined || span.startMs >= pointsFromMs) return [span];
  const startMs = ceiling(rows, Math.max(span.startMs, rows.stored.startMs));
  const endMs = Math.min(
    ceiling(rows, Math.min(pointsFromMs, span.endMs)),
    rows.spans.latestWith(Math.min(span.endMs, rows.stored.endMs)).startMs,
  );
  const sources = { levels: [], fallbacks: coarser, pointsFromMs };
  if (endMs <= startMs) return withoutDeleted(span, coarser, sources);
  return [
    ...(startMs > span.startMs
      ? withoutDeleted({ startMs: span.startMs, endMs: startMs }, coarser, sources)
      : []),
    { startMs, endMs, rows },
    ...(endMs < span.endMs ? [{ startMs: endMs, endMs: span.endMs }] : []),
  ];
}

/** The first start of a window that is not before the time. */
function ceiling({ spans }: UsableRows, timeMs: number): number {
  if (!Number.isFinite(timeMs)) return timeMs;
  const span = spans.latestWith(timeMs);
  return span.startMs === timeMs ? timeMs : span.endMs;
}

function joined(segments: readonly Segment[]): Segment[] {
  const all: Segment[] = [];
  for (const segment of segments) {
    const before = all.at(-1);
    if (before !== undefined && before.rows === segment.rows && before.endMs === segment.startMs) {
      all[all.length - 1] = { ...before, endMs: segment.endMs };
    } else all.push(segment);
  }
  return all;
}
