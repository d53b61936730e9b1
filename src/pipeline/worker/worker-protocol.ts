import type { ErrorCode } from '../../lib/errors.js';
import type { Warn, WarningFields } from '../../lib/warnings.js';
import type { Position } from '../../stream/stream.js';

/**
 * What crosses between the main thread (broker, bridge, log) and a worker thread that runs a pipeline. No part of a
 * record does: the worker reads the files of the log, or Kinesis, itself.
 */

/** Which pipeline a worker runs. */
export type PipelineKind = 'consume' | 'forward';

/** What a worker is started with. */
export interface WorkerStart {
  readonly pipeline: PipelineKind;
  /** What the pipeline is opened with. */
  readonly options: unknown;
  /** Shared memory in which the log writes how far it is durable. */
  readonly durableMemory: SharedArrayBuffer;
}

export type ToWorker<Request> =
  /** The log has moved while its reader slept. */
  | { readonly kind: 'wake' }
  /** Finish what the stream holds, until the deadline at most, then stop. */
  | { readonly kind: 'drain'; readonly deadlineMs: number }
  | { readonly kind: 'ask'; readonly id: number; readonly request: Request };

export type FromWorker<Report, Answer> =
  /** The pipeline is open. Only warnings come before it. */
  | { readonly kind: 'ready'; readonly report: Report }
  | { readonly kind: 'report'; readonly report: Report }
  /** What lies beyond the network has answered or failed for the first time, or was waited for long enough. */
  | { readonly kind: 'contacted' }
  /** The checkpoint is durable: this reader no longer needs the stream before it. */
  | { readonly kind: 'checkpoint'; readonly position: Position }
  | { readonly kind: 'warn'; readonly fields: WarningFields; readonly sentence: string }
  | { readonly kind: 'answer'; readonly id: number; readonly answer: Answer }
  | { readonly kind: 'rejection'; readonly id: number; readonly failure: PlainFailure }
  | { readonly kind: 'failed'; readonly failure: PlainFailure };

/** A SluiceError as it crosses: structured clone does not keep the class. */
export interface PlainFailure {
  readonly code: ErrorCode;
  readonly message: string;
}

/** What runs in a worker. It does not know that it does. */
export interface Pipeline<Report, Request, Answer> {
  /**
   * Runs until `drain` or `abort`, then closes everything. Nothing beyond the network was asked before. Rejects when going
   * on would be a guess, and in the first seconds with what a person has to fix.
   */
  run(): Promise<void>;
  drain(): void;
  abort(): void;
  report(): Report;
  /** True while the other side does not answer: it will hardly do so before a deadline. */
  isUnavailable(): boolean;
  ask(request: Request): Promise<Answer>;
}

export interface PipelineHooks {
  /** Called after each batch that has been processed. */
  readonly onProgress: () => void;
  /** Called once, when the first attempt to reach what lies beyond the network is over: see FirstContact. */
  readonly onContact: () => void;
  readonly onCheckpoint: (position: Position) => void;
  readonly warn: Warn;
}
