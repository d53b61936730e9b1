import { redFrom, steps } from '../../src/grafana/panel.js';
import { overTime } from '../build/metric-panels.js';
import type { MetricQueries } from '../build/metric-queries.js';
import { STORE } from './gateway-next-steps.js';

const NONE = 'Empty without windows in the configuration.';

/** Panels of the windows, by measurement of their rows. */
export function windowPanels(ask: MetricQueries) {
  return [
    overTime(
      'Windows behind',
      `Time for which the oldest window that can be computed has waited. Normal: seconds, up to a minute with many thousand series. If it rises, the store answers too slowly, or rows cannot be written: ${STORE}. ${NONE}`,
      's',
      ask.labelled('sluice_windows_behind_seconds', 'measurement'),
      { thresholds: steps(60, 300) },
    ),
    overTime(
      'Open windows',
      `Windows with points that have not closed yet. Normal: one or two for each resolution; more for a while when devices send what they kept. ${NONE}`,
      'short',
      ask.labelled('sluice_windows_open_windows', 'measurement'),
    ),
    overTime(
      'Windows to be computed',
      `Closed windows, or single groups of them, that wait to be computed, or to be computed again. Normal: 0, with a peak after each window and after late points. If it only grows, see Windows behind. ${NONE}`,
      'short',
      ask.labelled('sluice_windows_marked_windows', 'measurement'),
    ),
    overTime(
      'Time to compute windows',
      `Share of time spent computing windows, reading from the store included. Normal: below 0.1. Near 1 they fall behind: take fewer series or fields, or a longer every. ${NONE}`,
      'percentunit',
      ask.labelledRates('sluice_windows_fold_seconds_total', 'measurement'),
      { thresholds: steps(0.5, 0.9) },
    ),
    overTime(
      'Rows of windows written',
      `Rows written per second. Normal: a peak when a window closes, with a row for each group. ${NONE}`,
      'wps',
      ask.labelledRates('sluice_windows_rows_written_total', 'measurement'),
    ),
    overTime(
      'Rows of windows refused',
      `Rows per second that the store rejected. Normal: 0. Otherwise a retention policy or bucket is missing, or a field has another type: the log has the words of the store. ${NONE}`,
      'wps',
      ask.labelledRates('sluice_windows_rows_refused_total', 'measurement'),
      { thresholds: redFrom(1) },
    ),
    overTime(
      'Inexact rows of windows',
      `Rows per second with inexact=true. Normal: 0. Otherwise late points changed windows whose points the store no longer keeps: keep points longer than devices are offline. ${NONE}`,
      'wps',
      ask.labelledRates('sluice_windows_rows_inexact_total', 'measurement'),
    ),
    overTime(
      'Memory of windows',
      `Memory for what is noted of windows that are not computed yet, and the limit (windows.memory). Normal: far below the limit. At the limit late points are not noted any more. ${NONE}`,
      'bytes',
      ask.gauges([
        ['sluice_windows_memory_bytes', 'noted'],
        ['sluice_windows_max_memory_bytes', 'limit'],
      ]),
    ),
  ];
}
