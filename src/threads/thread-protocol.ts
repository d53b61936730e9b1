import type { ErrorCode } from '../errors.js';
import type { Position } from '../stream/stream.js';
import type { Warn, WarningFields } from '../warnings.js';

/**
 * What crosses between the main thread (broker, bridge, log) and a thread that runs a stage beside it. Nothing
 * of a record does: such a thread reads the log's files, or Kinesis, itself.
 */

export type ToThread<Request> =
  /** The log has moved while its reader slept. */
  | { readonly kind: 'wake' }
  /** Finish what the stream holds, at most until the deadline, then stop. */
  | { readonly kind: 'drain'; readonly deadlineMs: number }
  | { readonly kind: 'ask'; readonly id: number; readonly request: Request };

export type FromThread<Report, Answer> =
  | { readonly kind: 'ready' }
  | { readonly kind: 'report'; readonly report: Report }
  /** Durable: the stream before it is needed no more by this reader. */
  | { readonly kind: 'checkpoint'; readonly position: Position }
  | { readonly kind: 'warn'; readonly fields: WarningFields; readonly sentence: string }
  | { readonly kind: 'answer'; readonly id: number; readonly answer: Answer }
  | { readonly kind: 'refusal'; readonly id: number; readonly failure: PlainFailure }
  | { readonly kind: 'failed'; readonly failure: PlainFailure }
  | { readonly kind: 'stopped' };

/** A SluiceError as it crosses: structured clone keeps no class. */
export interface PlainFailure {
  readonly code: ErrorCode;
  readonly message: string;
}

/** What a thread is started with. */
export interface ThreadStart<Options> {
  readonly options: Options;
  /** Where the log tells how far it is durable. */
  readonly durableMemory: SharedArrayBuffer;
}

/** What runs on such a thread; knows nothing of threads. */
export interface Stage<Report, Request, Answer> {
  /** Runs until `drain` or `abort`, then closes everything. Rejects when going on would be a guess. */
  run(): Promise<void>;
  drain(): void;
  abort(): void;
  report(): Report;
  /** The other side does not answer now, and will hardly do so before a deadline. */
  isStuck(): boolean;
  ask(request: Request): Promise<Answer>;
}

export interface StageHooks {
  /** After each batch whose fate is decided. */
  readonly onSettled: () => void;
  readonly onCheckpoint: (position: Position) => void;
  readonly warn: Warn;
}
