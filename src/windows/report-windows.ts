import type { AggregateState } from './aggregate-state.js';
import { dueSinceMs } from './due-fold.js';
import type { AggregateReport, ResolutionReport } from './windows-report.js';

/** What an aggregate is at when the log has come to `watermarkMs`; see `dueSinceMs` for `knownFromMs`. */
export function reportAggregate(
  state: AggregateState,
  watermarkMs: number,
  knownFromMs: number,
): AggregateReport {
  const watermarks = { watermarkMs, knownFromMs };
  return {
    name: state.aggregate.name,
    values: { ...state.values, awaiting: state.awaiting },
    resolutions: state.levels.map(({ measurement, marks, counts }, level): ResolutionReport => {
      let openWindows = 0;
      let oldestMs = Number.POSITIVE_INFINITY;
      let oldestDueMs = Number.POSITIVE_INFINITY;
      for (const mark of marks.all()) {
        if (state.closesAtMs(mark.span) > watermarkMs) openWindows++;
        oldestMs = Math.min(oldestMs, mark.span.startMs);
        oldestDueMs = Math.min(oldestDueMs, dueSinceMs(state, level, mark, watermarks) ?? oldestDueMs);
      }
      return {
        measurement,
        openWindows,
        markedWindows: marks.size - openWindows,
        ...(Number.isFinite(oldestMs) && { oldestMs }),
        ...(Number.isFinite(oldestDueMs) && { dueSinceMs: oldestDueMs }),
        ...counts,
      };
    }),
  };
}
