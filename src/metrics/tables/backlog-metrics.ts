import type { BacklogView, ReadinessProblem } from '../../http/gateway-view.js';
import type { MetricTable } from '../metric-table.js';

/** The stages that `/readyz` names. */
const STAGES = ['broker', 'log', 'producer', 'reader', 'consumer', 'sink'] as const;

export interface HealthFacts {
  readonly backlog: BacklogView;
  readonly problems: readonly ReadinessProblem[];
}

/** What `/readyz` and the live page show as well. */
export const HEALTH: MetricTable<HealthFacts> = {
  gauges: [
    ['sluice_backlog_records', 'Records received and not yet processed', (s) => s.backlog.records],
    [
      'sluice_backlog_bytes',
      'Bytes of these records in the log, from their mean size',
      (s) => s.backlog.bytes ?? 0,
    ],
    [
      'sluice_backlog_oldest_seconds',
      'Age of the oldest record that has not been processed; also while the thread of the consumer does not answer',
      (s) => s.backlog.oldestMs / 1000,
    ],
  ],
  labelled: [
    [
      'sluice_backlog_estimate_seconds',
      'Time until the backlog is processed and until the log is full, at the rates of the last minutes; no value while it is not known, or at these rates never',
      'until',
      'gauge',
      ({ backlog: { caughtUp, logFull } }) => ({
        ...(caughtUp.ms === undefined ? {} : { caught_up: caughtUp.ms / 1000 }),
        ...(logFull?.ms === undefined ? {} : { log_full: logFull.ms / 1000 }),
      }),
    ],
    [
      'sluice_readiness_problems',
      'Problems that /readyz lists, by stage; 0 for a stage that is ready',
      'stage',
      'gauge',
      ({ problems }) =>
        Object.fromEntries(
          STAGES.map((stage) => [stage, problems.filter((problem) => problem.stage === stage).length]),
        ),
    ],
  ],
};
