import type { MetricTable } from '../metric-table.js';
import type { MetricsSnapshot } from '../metrics-snapshot.js';

export const HTTP: MetricTable<Pick<MetricsSnapshot, 'httpRefusals'>> = {
  labelled: [
    [
      'sluice_http_refusals_total',
      'HTTP connections closed and requests refused because of a limit',
      'reason',
      'counter',
      (s) => s.httpRefusals,
    ],
  ],
};
