import type { AggregateState, Level } from './aggregate-state.js';
import type { SavedWindows } from './journal-lines.js';
import type { AggregateLayout } from './layout.js';
import type { Span } from './window-spans.js';

/*
 * From when on every window of a resolution has its row, if points fell into it. Before an aggregate was configured, and while
 * what is due was not known, windows were computed only where late points came: the caller that adds rows up needs to know that.
 */

/** Sets `completeFromMs` of each level: as saved, or from the windows that are open now. */
export function restoreCompleteness(state: AggregateState, saved: SavedWindows, nowMs: number): void {
  const { aggregate } = state;
  const before = saved.layouts[aggregate.name];
  const isContinued =
    saved.isAtPosition &&
    saved.configured.has(aggregate.name) &&
    before !== undefined &&
    hasAllFunctions(before, state);
  for (const level of state.levels) {
    const known = isContinued ? before.resolutions[level.measurement]?.completeFromMs : undefined;
    level.completeFromMs = known ?? level.spans.latestWith(nowMs - aggregate.latenessMs).startMs;
  }
}

/** Rows that were written before a function was added do not have it. */
function hasAllFunctions({ fields }: AggregateLayout, { aggregate }: AggregateState): boolean {
  return [...aggregate.fields].every(([name, { functions }]) =>
    functions.every((one) => fields[name]?.functions.includes(one) === true),
  );
}

/** All windows of the span are computed: rows are complete from its start on, where it reaches what was complete. */
export function extendCompleteness(level: Level, { startMs, endMs }: Span): void {
  if (endMs < level.completeFromMs) return;
  const firstMs = level.spans.latestWith(startMs).startMs;
  level.completeFromMs = Math.min(level.completeFromMs, firstMs);
}

/** The store has no point of the measurement yet, so no window lacks a row. */
export function completeFromStart(state: AggregateState): void {
  for (const level of state.levels) level.completeFromMs = Number.MIN_SAFE_INTEGER;
}
