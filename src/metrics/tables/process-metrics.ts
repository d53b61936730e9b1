import type { MetricTable } from '../metric-table.js';
import type { MetricsSnapshot } from '../metrics-snapshot.js';
import type { SelfMetricsCounters } from '../self-metrics.js';

export const PROCESS: MetricTable<Pick<MetricsSnapshot, 'warnings' | 'threads' | 'clock' | 'reloads'>> = {
  counters: [
    [
      'sluice_clock_steps_total',
      'Times that the clock of the machine was set by more than a minute, as far as it was noticed',
      (s) => s.clock.steps,
    ],
  ],
  gauges: [
    [
      'sluice_clock_implausible',
      '1 while the clock of the machine cannot be correct: before the release of this version, or after 2099',
      (s) => Number(s.clock.isImplausible),
    ],
  ],
  labelled: [
    [
      'sluice_warnings_total',
      'Warnings and errors by code; suppressed lines count when the next line of their code is logged',
      'code',
      'counter',
      (s) => s.warnings,
    ],
    [
      'sluice_config_reloads_total',
      'Reloads of the configuration by outcome; after `invalid` and `failed` the old configuration is still in force',
      'outcome',
      'counter',
      (s) => s.reloads,
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

/** Metrics of writing metrics into the store; present only with `metrics.store`. */
export const SELF: MetricTable<SelfMetricsCounters> = {
  counters: [
    [
      'sluice_metrics_samples_dropped_total',
      'Samples and annotations of metrics.store dropped because the store was unavailable for too long',
      (s) => s.samplesDropped,
    ],
    [
      'sluice_metrics_points_refused_total',
      'Points of metrics.store that the store will never accept',
      (s) => s.pointsRefused,
    ],
  ],
};
