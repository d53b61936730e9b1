import type { AggregateState } from './aggregate-state.js';
import type { DueFold } from './due-fold.js';
import type { SavedMark } from './journal-lines.js';
import type { GroupKey } from './window-marks.js';

/** A closed window whose rows are in the store. */
export interface ComputedWindow {
  readonly due: DueFold;
  /** The generation in which the fold began. */
  readonly generation: number;
  /** The groups that were computed; undefined: all. */
  readonly groups: readonly GroupKey[] | undefined;
  /** Values that waited for the fold, and what became of them. */
  readonly values: number;
  readonly outcome: 'aggregated' | 'beyondRetention';
  /** The windows of the next resolution that it has changed, as far as they were not due before. */
  readonly coarser: readonly SavedMark[];
}

/** A fold that has begun. One of the three is called, once, when it has ended. */
export interface BegunFold {
  /** Aborts when the rows of the fold must not be written any more. */
  readonly signal?: AbortSignal;
  /**
   * Resolves when the coarser windows are durably due, and what did not change since the fold began is forgotten. Rejects when
   * that is not known: the window is computed again.
   */
  computed(window: ComputedWindow): Promise<void>;
  /**
   * The rows of a window that is still open are in the store. Resolves when the coarser windows are durably due, as far as
   * they were not before. Rejects as `computed` does.
   */
  shown(coarser: readonly SavedMark[]): Promise<void>;
  /** Some of its rows may be in the store. */
  failed(): void;
}

/** Where it is durable which windows are due. */
export interface DueMarks {
  /** Called before the fold reads anything of the store. */
  begin(due: DueFold): BegunFold;
  /** The times whose rows lack values have changed. */
  noteInexact(state: AggregateState): void;
}
