import type { ParkedSelection } from './selection.js';

/** `replay` processes parked records again by the rules in force. `purge` deletes them, with the outcome `purged`. */
export const REPLAY_KINDS = ['replay', 'purge'] as const;
export type ReplayKind = (typeof REPLAY_KINDS)[number];

/** The progress of a replay or purge, as plain JSON. */
export interface ReplayStatus {
  readonly kind: ReplayKind;
  /** `stopped`: the process ends; the records that were not processed are still parked. */
  readonly state: 'running' | 'done' | 'failed' | 'stopped';
  /** A preview: nothing is written or deleted, and `outcomes` are those that the records would have. */
  readonly dryRun: boolean;
  readonly startedAtMs: number;
  /** Records that match; grows while they are counted. */
  readonly selected: number;
  readonly outcomes: {
    readonly written: number;
    readonly filtered: number;
    readonly parkedAgain: number;
    readonly purged: number;
  };
  /** Park code → records that were parked again. */
  readonly parkedAgain: Readonly<Record<string, number>>;
  /** Records that match and cannot be replayed, because their payload is not kept: they stay parked. */
  readonly withoutPayload?: number;
  /** Lines of parked files that cannot be read. A purge with `all` deletes them. */
  readonly unreadable?: number;
  /** Present when the state is `failed`. */
  readonly failure?: string;
  /** Why the job makes no progress now, for a person. */
  readonly waitingFor?: string;
}

/** A replay or purge that has ended, with what it was about. */
export interface FinishedReplay {
  readonly status: ReplayStatus;
  readonly endedAtMs: number;
  /** The selection; of ids only how many there were. */
  readonly selection: Omit<ParkedSelection, 'ids'> & { readonly ids?: number };
}
