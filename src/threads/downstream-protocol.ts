import type { KinesisConfig, SinkConfig } from '../config/sluice-config.js';
import type { ConsumerOptions } from '../consumer/consumer.js';
import type { JsonLimits } from '../consumer/formats/json/json-limits.js';
import type { NoteCounts } from '../consumer/rules/notes.js';
import type { RuleOptions } from '../consumer/rules/rule-options.js';
import type { DataDirectory } from '../data-directory.js';
import type { LatencyCounts } from '../latency-histogram.js';
import type { TraceOptions } from '../metrics/otlp/trace-export.js';
import type {
  LatestPage,
  LatestQuery,
  MeasurementSummary,
  Point,
  SeriesAnswer,
  SeriesQuery,
  SinkCounters,
  SinkStatus,
} from '../sink/sink.js';
import type { KinesisReaderCounters } from '../stream/kinesis/reader/reader-counters.js';
import type { OutletStatus } from '../stream/stream.js';
import type { Book } from './book.js';
import type { SettlingAnswer, SettlingReport, SettlingRequest } from './settling-protocol.js';

/** What crosses between the main thread and the thread of consumer and sink. */

export interface DownstreamOptions {
  readonly directory: DataDirectory;
  readonly maxBodyBytes: number;
  readonly rules: readonly RuleOptions[];
  readonly payload: JsonLimits;
  readonly consumer: ConsumerOptions;
  readonly deadLetterMaxSizeBytes: number;
  readonly sink: SinkConfig;
  /** Absent: records come from the log. */
  readonly kinesis?: KinesisConfig;
  /** Absent: no record is followed. */
  readonly traces?: TraceOptions;
}

/** What the main thread shows of the other side. */
export interface DownstreamReport {
  readonly book: Book;
  readonly consumer: {
    readonly recordsRead: number;
    readonly pointsMade: number;
    readonly latency: LatencyCounts;
    readonly busyMs: number;
    readonly recordsInFlight: number;
    readonly pointsInFlight: number;
    readonly writeTimes: LatencyCounts;
    /** Receive time of the oldest record read and not yet decided, ns; absent when there is none. */
    readonly oldestPendingNs?: bigint;
    /** Set while parked records wait for room in the dead letter. */
    readonly blockedBy?: string;
  };
  readonly notes: NoteCounts;
  readonly deadLetterBytes: number;
  readonly settling: SettlingReport;
  readonly sink: SinkCounters & { readonly kind: 'influx' | 'duckdb'; readonly status: SinkStatus };
  /** Present when records come from Kinesis. */
  readonly kinesis?: KinesisReaderReport;
}

export interface KinesisReaderReport {
  readonly status: OutletStatus;
  readonly counters: KinesisReaderCounters;
  /** Present with `checkpoints: dynamodb`. */
  readonly leases?: LeaseReport;
}

export type StoreRequest =
  | { readonly kind: 'measurements' }
  | { readonly kind: 'series'; readonly query: SeriesQuery }
  | { readonly kind: 'latest'; readonly query: LatestQuery }
  /** Metrics of the gateway itself; answered with how many points were refused. */
  | { readonly kind: 'write-own'; readonly points: readonly Point[] };
export type StoreAnswer = readonly MeasurementSummary[] | SeriesAnswer | LatestPage | number;

/** All that the thread is asked. */
export type DownstreamRequest = StoreRequest | SettlingRequest;
export type DownstreamAnswer = StoreAnswer | SettlingAnswer;

/** Of this process. */
export interface LeaseReport {
  readonly held: number;
  /** Since the start. */
  readonly taken: number;
  readonly lost: number;
  readonly released: number;
  /** Consumers that show signs of life, this one among them. */
  readonly workers: number;
}
