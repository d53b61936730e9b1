import type { KinesisConfig } from '../config/sluice-config.js';
import type { DataDirectory } from '../data-directory.js';
import type { LatencyCounts } from '../latency-histogram.js';
import type { ProducerCounters } from '../stream/kinesis/producer/producer-counters.js';
import type { OutletStatus } from '../stream/stream.js';
import type { Book } from './book.js';
import type { SettlingReport } from './settling-protocol.js';

/** What crosses between the main thread and the thread that forwards the log to Kinesis. */

export interface ForwardingOptions {
  readonly directory: DataDirectory;
  readonly maxBodyBytes: number;
  readonly kinesis: KinesisConfig;
  readonly checkpointIntervalMs: number;
  readonly deadLetterMaxSizeBytes: number;
  /** No consumer in this process: parked records are purged here. */
  readonly isAlone: boolean;
}

export interface ForwardingReport {
  readonly book: Book;
  readonly recordsRead: number;
  readonly latency: LatencyCounts;
  /** Receive time of the oldest record read and not yet in Kinesis, ns; absent when there is none. */
  readonly oldestPendingNs?: bigint;
  /** Set while parked records wait for room in the dead letter. */
  readonly blockedBy?: string;
  readonly status: OutletStatus;
  readonly counters: ProducerCounters;
  readonly deadLetterBytes: number;
  /** Absent when the consumer's thread does it. */
  readonly settling?: SettlingReport;
}
