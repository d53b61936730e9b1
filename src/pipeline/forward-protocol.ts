import type { KinesisConfig } from '../config/sluice-config.js';
import type { DataDirectory } from '../data-directory/data-directory.js';
import type { ReaderLedger } from '../ledger/ledger.js';
import type { LatencyCounts } from '../lib/latency-histogram.js';
import type { ReplayReport } from '../replay/replay-service.js';
import type { ProducerCounters } from '../stream/kinesis/producer/producer-counters.js';
import type { ComponentStatus } from '../stream/stream.js';

/** What crosses between the main thread and the worker that forwards the log to Kinesis. */

export interface ForwardOptions {
  readonly directory: DataDirectory;
  readonly maxBodyBytes: number;
  readonly kinesis: KinesisConfig;
  readonly checkpointIntervalMs: number;
  readonly deadLetterMaxSizeBytes: number;
  /** True without a consumer in this process: parked records are then purged here. */
  readonly isAlone: boolean;
}

export interface ForwardReport {
  readonly ledger: ReaderLedger;
  readonly recordsRead: number;
  readonly latency: LatencyCounts;
  /** Receive time of the oldest record read and not yet in Kinesis, ns; absent when there is none. */
  readonly oldestPendingNs?: bigint;
  /** Set while parked records wait for room in the dead letter. */
  readonly blockedBy?: string;
  readonly status: ComponentStatus;
  readonly counters: ProducerCounters;
  readonly deadLetterBytes: number;
  /** Absent when the worker of the consumer replays. */
  readonly replay?: ReplayReport;
}
