import type { ResolutionReport } from '../../windows/windows-report.js';
import type { Labelled, MetricTable } from '../metric-table.js';
import type { WindowFacts } from '../metrics-snapshot.js';

/** What the windows of each measurement are at; present only with `windows`. */
export const WINDOWS: MetricTable<WindowFacts> = {
  gauges: [
    [
      'sluice_windows_memory_bytes',
      'Memory for what is noted of windows that are not computed yet',
      (s) => s.report.memoryBytes,
    ],
    [
      'sluice_windows_max_memory_bytes',
      'Limit of this memory, windows.memory',
      (s) => s.report.maxMemoryBytes,
    ],
  ],
  labelled: [
    byMeasurement(
      'sluice_windows_open_windows',
      'Windows with points that have not closed yet',
      'gauge',
      (s) => s.openWindows,
    ),
    byMeasurement(
      'sluice_windows_marked_windows',
      'Closed windows, or single groups of them, that wait to be computed, or to be computed again',
      'gauge',
      (s) => s.markedWindows,
    ),
    byMeasurement(
      'sluice_windows_oldest_seconds',
      'Time since the start of the oldest window that is open or waits to be computed; 0 when there is none',
      'gauge',
      (s, nowMs) => ageSeconds(s.oldestMs, nowMs),
    ),
    byMeasurement(
      'sluice_windows_behind_seconds',
      'Time for which the oldest window that can be computed has waited; 0 when none waits',
      'gauge',
      (s, nowMs) => ageSeconds(s.dueSinceMs, nowMs),
    ),
    byMeasurement(
      'sluice_windows_folds_total',
      'Times that a window, or some groups of it, was computed from the store',
      'counter',
      (s) => s.folds,
    ),
    byMeasurement(
      'sluice_windows_fold_seconds_total',
      'Time spent computing windows, reading from the store included',
      'counter',
      (s) => s.foldMs / 1000,
    ),
    byMeasurement(
      'sluice_windows_longest_fold_seconds',
      'Longest time that one of them took, since the start',
      'gauge',
      (s) => s.longestFoldMs / 1000,
    ),
    byMeasurement(
      'sluice_windows_rows_written_total',
      'Rows of windows written to the store; a window that is computed again is written again',
      'counter',
      (s) => s.rowsWritten,
    ),
    byMeasurement(
      'sluice_windows_rows_refused_total',
      'Rows of windows that the store rejected',
      'counter',
      (s) => s.rowsRefused,
    ),
    byMeasurement(
      'sluice_windows_rows_inexact_total',
      'Rows written with `inexact=true`, because they could not be computed exactly',
      'counter',
      (s) => s.rowsInexact,
    ),
  ],
  twiceLabelled: [
    [
      'sluice_windows_values',
      'Values of stored points by aggregate and outcome, since the state of the windows was made: accepted = aggregated + awaiting + beyond_memory + beyond_retention; a value counts once for each window that has it',
      ['aggregate', 'outcome'],
      'gauge',
      ({ report }) =>
        Object.fromEntries(
          report.aggregates.map(({ name, values }) => [
            name,
            {
              accepted: values.accepted,
              aggregated: values.aggregated,
              awaiting: values.awaiting,
              beyond_memory: values.beyondMemory,
              beyond_retention: values.beyondRetention,
            },
          ]),
        ),
    ],
  ],
};

function byMeasurement(
  name: string,
  help: string,
  kind: 'counter' | 'gauge',
  read: (resolution: ResolutionReport, nowMs: number) => number,
): Labelled<WindowFacts> {
  const readAll = ({ report, nowMs }: WindowFacts) =>
    Object.fromEntries(
      report.aggregates.flatMap(({ resolutions }) =>
        resolutions.map((resolution) => [resolution.measurement, read(resolution, nowMs)] as const),
      ),
    );
  return [name, help, 'measurement', kind, readAll];
}

/** The clock may have been set back. */
function ageSeconds(sinceMs: number | undefined, nowMs: number): number {
  return sinceMs === undefined ? 0 : Math.max(0, nowMs - sinceMs) / 1000;
}
