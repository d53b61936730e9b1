import type { BrokerCounters } from '../broker/broker.js';
import type { NoteCounts } from '../consumer/rules/notes.js';
import type { BookView } from '../ops/gateway-view.js';
import type { SinkCounters, SinkStatus } from '../sink/sink.js';
import type { LogCounters } from '../stream/log/log-writer.js';
import type { DownstreamReport, KinesisReaderReport } from '../threads/downstream-protocol.js';
import type { ForwardingReport } from '../threads/forwarding-protocol.js';
import type { WarningCode } from '../warnings.js';
import type { OwnMetricsCounters } from './own-metrics.js';

/** All that the metrics show, taken at one scrape; of each half of the path only where it runs. */
export interface MetricsSnapshot {
  readonly ingest?: IngestFacts;
  readonly producer?: ProducerFacts;
  readonly reader?: ReaderFacts;
  readonly consume?: ConsumeFacts;
  readonly ledger: BookView;
  readonly deadLetterBytes: number;
  /** Lines by code. */
  readonly warnings: Readonly<Record<WarningCode, number>>;
  /** Share of time that each thread was busy. */
  readonly threads: Readonly<Record<string, number>>;
  readonly own?: OwnMetricsCounters;
}

export interface IngestFacts {
  readonly broker: BrokerCounters;
  readonly log: LogCounters & {
    readonly maxSizeBytes: number;
    readonly pendingBytes: number;
    /** broker.maxInFlightBytes. */
    readonly maxPendingBytes: number;
    readonly isBlocked: boolean;
  };
}

export interface ProducerFacts {
  readonly report: ForwardingReport;
  readonly lagMs: number;
}

export interface ReaderFacts {
  readonly report: KinesisReaderReport;
  readonly lastPollAgeMs: number;
}

export interface ConsumeFacts {
  readonly consumer: Omit<DownstreamReport['consumer'], 'oldestPendingNs' | 'blockedBy'> & {
    readonly lagMs: number;
  };
  readonly notes: NoteCounts;
  readonly sink: SinkCounters & { readonly kind: string; readonly status: SinkStatus };
}
