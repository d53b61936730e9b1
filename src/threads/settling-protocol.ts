import type { ExplanationJson } from '../consumer/explain.js';
import type { JobRequest } from '../consumer/replayer.js';
import type { SettledTotals } from '../dead-letter/settled-totals.js';
import type { SettlingStatus } from '../dead-letter/settling-status.js';

/** What the main thread asks of the thread that replays and purges parked records. */
export type SettlingRequest =
  /** Answered with how the job stands at its start, or refused with DEAD_LETTER_BUSY or REPLAY_UNSUPPORTED. */
  | JobRequest
  /** What the rules in force make of a parked record; answered with `undefined` when none has this id. */
  | { readonly kind: 'explain'; readonly id: string };
export type SettlingAnswer = SettlingStatus | ExplanationJson | undefined;

/** What such a thread tells of it. */
export interface SettlingReport {
  /** Of the last job; absent before the first. */
  readonly status?: SettlingStatus;
  /** What became of parked records, by folder of the dead letter. */
  readonly moved: readonly MovedTotals[];
}

export interface MovedTotals {
  readonly totals: SettledTotals;
  /**
   * Whose book holds them as parked: that of the log's readers, whichever of them runs, that of the Kinesis
   * consumer of this process, or that of another one, which is not shown here.
   */
  readonly book: 'log' | 'kinesis' | 'other';
}
