import type { AggregateState } from './aggregate-state.js';
import type { AggregateReport, ResolutionReport } from './windows-report.js';

/** What an aggregate is at when the log has come to `watermarkMs`. */
export function reportAggregate(state: AggregateState, watermarkMs: number): AggregateReport {
  return {
    name: state.aggregate.name,
    values: { ...state.values, awaiting: state.awaiting },
    resolutions: state.levels.map(({ measurement, marks, counts }): ResolutionReport => {
      let openWindows = 0;
      let oldestMs = Number.POSITIVE_INFINITY;
      for (const { span } of marks.all()) {
        if (state.closesAtMs(span) > watermarkMs) openWindows++;
        oldestMs = Math.min(oldestMs, span.startMs);
      }
      return {
        measurement,
        openWindows,
        markedWindows: marks.size - openWindows,
        ...(Number.isFinite(oldestMs) && { oldestMs }),
        ...counts,
      };
    }),
  };
}
