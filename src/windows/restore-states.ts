import { SluiceError } from '../lib/errors.js';
import type { Aggregate } from './aggregate.js';
import { AggregateState } from './aggregate-state.js';
import { restoreCompleteness } from './complete-rows.js';
import { InexactRanges } from './inexact-ranges.js';
import type { SavedWindow, SavedWindows } from './journal-lines.js';
import { layoutOf, layoutProblem } from './layout.js';
import type { MarksMemory, WindowMarks } from './window-marks.js';
import type { Span } from './window-spans.js';

/**
 * Makes the aggregates of the configuration with what was due at the end of the last process. Throws CONFIG_INVALID for an
 * aggregate that was something else under its name.
 */
export function restoreStates(
  aggregates: readonly Aggregate[],
  saved: SavedWindows,
  memory: MarksMemory,
  nowMs: number,
): AggregateState[] {
  return aggregates.map((aggregate) => {
    const layout = saved.layouts[aggregate.name];
    const problem = layout === undefined ? undefined : layoutProblem(layout, layoutOf(aggregate));
    if (problem !== undefined) throw new SluiceError('CONFIG_INVALID', problem);
    const { name } = aggregate;
    const inexact = new InexactRanges(saved.inexact.get(name));
    const state = new AggregateState(aggregate, memory, saved.counts.get(name), inexact);
    for (const { measurement, marks, spans } of state.levels) {
      for (const [startMs, window] of saved.marks.get(measurement) ?? []) {
        const span = spans.latestWith(startMs);
        if (span.startMs === startMs) restoreMark(marks, span, window);
      }
    }
    if (!saved.configured.has(aggregate.name) || !saved.isAtPosition) markOpenWindows(state, nowMs);
    restoreCompleteness(state, saved, nowMs);
    return state;
  });
}

function restoreMark(marks: WindowMarks, span: Span, { isWhole, groups, ...rest }: SavedWindow): void {
  const mark = marks.markOf(span, true);
  if (mark === undefined) return;
  if (isWhole) marks.touchWhole(mark, 0);
  for (const group of groups) marks.touchGroup(mark, group, 0);
  Object.assign(mark, rest);
}

/**
 * Nothing is known of the windows that are open now: points that fell into them before are in the store, and no record
 * will tell it again.
 */
function markOpenWindows({ aggregate, levels }: AggregateState, nowMs: number): void {
  for (const { spans, marks } of levels) {
    for (const span of spans.within({ startMs: nowMs - aggregate.latenessMs, endMs: nowMs + 1 })) {
      const mark = marks.markOf(span, true);
      if (mark !== undefined) marks.touchWhole(mark, 0);
    }
  }
}
