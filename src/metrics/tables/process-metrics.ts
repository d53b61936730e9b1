import type { MetricTable } from '../metric-table.js';
import type { MetricsSnapshot } from '../metrics-snapshot.js';

export const PROCESS: MetricTable<Pick<MetricsSnapshot, 'warnings' | 'threads'>> = {
  labelled: [
    [
      'sluice_warnings_total',
      'Warnings and errors by code, those held back with the next line of their code',
      'code',
      'counter',
      (s) => s.warnings,
    ],
    [
      'sluice_thread_utilization_ratio',
      'Share of time that the event loop of the thread was busy since the last scrape',
      'thread',
      'gauge',
      (s) => s.threads,
    ],
  ],
};
