/** @import { WindowsReport } from './types.js' */

/**
 * The windows of all measurements together.
 *
 * @param {WindowsReport} report
 */
export function windowTotals({ aggregates }) {
  const totals = { openWindows: 0, markedWindows: 0, rowsWritten: 0, rowsRefused: 0, rowsInexact: 0 };
  for (const { resolutions } of aggregates) {
    for (const resolution of resolutions) {
      totals.openWindows += resolution.openWindows;
      totals.markedWindows += resolution.markedWindows;
      totals.rowsWritten += resolution.rowsWritten;
      totals.rowsRefused += resolution.rowsRefused;
      totals.rowsInexact += resolution.rowsInexact;
    }
  }
  return totals;
}

/**
 * For how long the window that has waited longest could have been computed, in ms; 0 when none waits.
 *
 * @param {WindowsReport} report
 * @param {number} nowMs
 */
export function windowsBehindMs({ aggregates }, nowMs) {
  const waits = aggregates.flatMap(({ resolutions }) =>
    resolutions.map(({ dueSinceMs }) => (dueSinceMs === undefined ? 0 : nowMs - dueSinceMs)),
  );
  return Math.max(0, ...waits);
}
