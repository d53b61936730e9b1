import type { MetricTable } from '../metric-table.js';
import type { OwnMetricsCounters } from '../own-metrics.js';

/** Only where the metrics go into the store. */
export const OWN: MetricTable<OwnMetricsCounters> = {
  counters: [
    [
      'sluice_metrics_samples_dropped_total',
      'Samples and marks of metrics.store given up because the store was away for too long',
      (s) => s.samplesDropped,
    ],
    [
      'sluice_metrics_points_refused_total',
      'Points of metrics.store that the store will never take',
      (s) => s.pointsRefused,
    ],
  ],
};
