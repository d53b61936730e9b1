import type { SignInTotals } from '../access/sign-in-counts.js';
import type { BrokerCounters } from '../broker/broker.js';
import type { ReloadOutcome } from '../config/reload-result.js';
import type { LedgerCounts } from '../http/gateway-view.js';
import type { HttpRefusalCounts } from '../http/http-refusals.js';
import type { WarningCode } from '../lib/warnings.js';
import type { ConsumeReport, KinesisReaderReport } from '../pipeline/consume-protocol.js';
import type { ForwardReport } from '../pipeline/forward-protocol.js';
import type { MappingWarningCounts } from '../rules/mapped.js';
import type { SinkCounters, SinkStatus } from '../sink/sink.js';
import type { LogCounters } from '../stream/log/log-writer.js';
import type { WindowsReport } from '../windows/windows-report.js';
import type { SelfMetricsCounters } from './self-metrics.js';
import type { HealthFacts } from './tables/backlog-metrics.js';

/** The facts behind all metrics at the time of one scrape. The facts of a stage are absent where it does not run. */
export interface MetricsSnapshot {
  readonly ingest?: IngestFacts;
  readonly access?: SignInTotals;
  readonly producer?: ProducerFacts;
  readonly reader?: ReaderFacts;
  readonly consume?: ConsumeFacts;
  readonly windows?: WindowFacts;
  readonly ledger: LedgerCounts;
  readonly health: HealthFacts;
  readonly deadLetterBytes: number;
  /** Limit of each dead letter; a forwarder and a consumer in one process have one each. */
  readonly deadLetterMaxSizeBytes: number;
  readonly httpRefusals: HttpRefusalCounts;
  /** Number of lines by code. */
  readonly warnings: Readonly<Record<WarningCode, number>>;
  /** Share of time that each thread was busy, 0 to 1. */
  readonly threads: Readonly<Record<string, number>>;
  readonly clock: { readonly isImplausible: boolean; readonly steps: number };
  /** Reloads of the configuration by outcome. */
  readonly reloads: Readonly<Record<ReloadOutcome, number>>;
  readonly self?: SelfMetricsCounters;
}

export interface IngestFacts {
  readonly broker: BrokerCounters;
  readonly log: LogCounters & {
    readonly maxSizeBytes: number;
    readonly pendingBytes: number;
    /** The limit broker.maxInFlightBytes. */
    readonly maxPendingBytes: number;
    readonly isBlocked: boolean;
  };
}

export interface ProducerFacts {
  readonly report: ForwardReport;
  readonly lagMs: number;
}

export interface ReaderFacts {
  readonly report: KinesisReaderReport;
  readonly lastPollAgeMs: number;
}

export interface ConsumeFacts {
  readonly consumer: Omit<ConsumeReport['consumer'], 'oldestPendingNs' | 'blockedBy'> & {
    readonly lagMs: number;
  };
  readonly mappingWarnings: MappingWarningCounts;
  readonly mappingWarningsByRule: ConsumeReport['mappingWarningsByRule'];
  readonly budgets: ConsumeReport['budgets'];
  readonly typeConversions: ConsumeReport['typeConversions'];
  /** Outcome → statements of users; empty where the store is not asked with SQL. */
  readonly queries: Readonly<Record<string, number>>;
  readonly sink: SinkCounters & { readonly kind: string; readonly status: SinkStatus };
}

export interface WindowFacts {
  readonly report: WindowsReport;
  /** The wall clock, for the ages. */
  readonly nowMs: number;
}
