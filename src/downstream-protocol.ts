import type { SinkConfig } from './config/sluice-config.js';
import type { ConsumerOptions, ConsumerProgress } from './consumer/consumer.js';
import type { JsonLimits } from './consumer/formats/json/json-limits.js';
import type { NoteCounts } from './consumer/rules/notes.js';
import type { RuleOptions } from './consumer/rules/rule-options.js';
import type { DataDirectory } from './data-directory.js';
import type { ErrorCode } from './errors.js';
import type { MeasurementSummary, SeriesAnswer, SeriesQuery, SinkCounters, SinkStatus } from './sink/sink.js';
import type { Position } from './stream/stream.js';

/** What crosses between the main thread (broker, bridge, log) and the downstream thread (consumer, sink). */

/** Name of the reader that writes to the sink; its checkpoint file is called after it. */
export const CONSUMER_READER = 'consumer';

export interface DownstreamOptions {
  readonly directory: DataDirectory;
  readonly maxBodyBytes: number;
  readonly rules: readonly RuleOptions[];
  readonly payload: JsonLimits;
  readonly consumer: ConsumerOptions;
  readonly deadLetterMaxSizeBytes: number;
  readonly sink: SinkConfig;
}

export interface DownstreamStart {
  readonly options: DownstreamOptions;
  /** Where the log tells how far it is durable. */
  readonly durableMemory: SharedArrayBuffer;
}

/** What the main thread shows of the other side. */
export interface DownstreamReport {
  readonly progress: ConsumerProgress;
  readonly notes: NoteCounts;
  readonly deadLetterBytes: number;
  readonly sink: SinkCounters & { readonly kind: 'influx' | 'duckdb'; readonly status: SinkStatus };
}

export type StoreRequest =
  | { readonly kind: 'measurements' }
  | { readonly kind: 'series'; readonly query: SeriesQuery };
export type StoreAnswer = readonly MeasurementSummary[] | SeriesAnswer;

export type ToDownstream =
  /** The log has moved while its reader slept. */
  | { readonly kind: 'wake' }
  /** Finish what the stream holds, at most until the deadline, then stop. */
  | { readonly kind: 'drain'; readonly deadlineMs: number }
  | { readonly kind: 'ask'; readonly id: number; readonly request: StoreRequest };

export type FromDownstream =
  | { readonly kind: 'ready' }
  | { readonly kind: 'report'; readonly report: DownstreamReport }
  /** Durable: the log before it is needed no more. */
  | { readonly kind: 'checkpoint'; readonly position: Position }
  | { readonly kind: 'warn'; readonly fields: Record<string, unknown>; readonly sentence: string }
  | { readonly kind: 'answer'; readonly id: number; readonly answer: StoreAnswer }
  | { readonly kind: 'refusal'; readonly id: number; readonly failure: PlainFailure }
  | { readonly kind: 'failed'; readonly failure: PlainFailure }
  | { readonly kind: 'stopped' };

/** A SluiceError as it crosses: structured clone keeps no class. */
export interface PlainFailure {
  readonly code: ErrorCode;
  readonly message: string;
}
