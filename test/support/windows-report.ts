import type { ResolutionReport, WindowsReport } from '../../src/windows/windows-report.js';

/** A report of one aggregate, `climate`, with a resolution for each of those given; a test names only what matters to it. */
export function windowsReport(
  resolutions: readonly (Partial<ResolutionReport> & { readonly measurement: string })[],
  known: Partial<WindowsReport> = {},
): WindowsReport {
  return {
    aggregates: [
      {
        name: 'climate',
        values: { accepted: 20, aggregated: 11, awaiting: 4, beyondMemory: 3, beyondRetention: 2 },
        resolutions: resolutions.map((resolution) => ({
          openWindows: 0,
          markedWindows: 0,
          folds: 0,
          foldMs: 0,
          longestFoldMs: 0,
          rowsWritten: 0,
          rowsRefused: 0,
          rowsInexact: 0,
          ...resolution,
        })),
      },
    ],
    memoryBytes: 0,
    maxMemoryBytes: 128 * 1024 ** 2,
    problem: '',
    ...known,
  };
}
