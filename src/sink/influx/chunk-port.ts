import type { Point } from '../point.js';
import type { LineProblem } from './response.js';
import type { NamedConflict } from './type-conflict.js';

/** The store's final verdict on one request; outages and configuration faults are over by then. */
export type Verdict =
  | { readonly kind: 'written' }
  | RefusedVerdict
  | { readonly kind: 'too-large'; readonly reason: string };

export interface RefusedVerdict {
  readonly kind: 'refused';
  readonly reason: string;
  /** The refused lines where the store names them; it has written all others of the request then. */
  readonly lines?: readonly LineProblem[];
  /** The conflict of types that the store names, or says that there is. */
  readonly conflict?: NamedConflict | 'unnamed';
}

/** Why there is a pause before the same lines are sent again. */
export type PauseCause = 'confirm' | 'store-at-fault' | 'too-many-refused';

/** The operations of the sink that writing a chunk needs. */
export interface ChunkPort {
  /** Writes the lines with these numbers in one request. */
  post(lines: readonly number[]): Promise<Verdict>;
  /** The point behind the line with this number. */
  pointOf(line: number): Point;
  /** Writes a line of our own that is known to be good, and resolves with whether the store accepted it. */
  acceptsHealthLine(): Promise<boolean>;
  /** Rejects with SINK_ABORTED. `attempt` counts from 0 for each cause. */
  pause(cause: PauseCause, attempt: number, reason: string): Promise<void>;
  /** See InfluxSinkOptions. */
  readonly maxRefusedShare: number;
}
