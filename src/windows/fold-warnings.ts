import type { Clock } from '../lib/clock.js';
import { LimitedWarning } from '../lib/limited-warning.js';
import type { Warn } from '../lib/warnings.js';
import type { FoldResult } from './fold-window.js';
import type { MarksMemory } from './window-marks.js';
import type { Span } from './window-spans.js';

/** The warnings of windows, each at most once in 30 s. */
export class FoldWarnings {
  readonly #warning: LimitedWarning<
    | 'DISK_FULL'
    | 'WINDOW_ROWS_REFUSED'
    | 'WINDOWS_OVER_MEMORY'
    | 'WINDOW_FOLD_FAILED'
    | 'WINDOWS_TABLE_FAILING'
  >;
  readonly #memory: MarksMemory;

  constructor(warn: Warn, clock: Clock, memory: MarksMemory) {
    this.#warning = new LimitedWarning(warn, clock);
    this.#memory = memory;
  }

  diskFull(reason: string): void {
    this.#warning.log(
      'DISK_FULL',
      { reason },
      'it cannot be saved which windows are due; points wait for it',
    );
  }

  tableFailing(reason: string): void {
    this.#warning.log(
      'WINDOWS_TABLE_FAILING',
      { reason },
      'the table of the windows cannot be used; points with windows wait for it, and it is tried again',
    );
  }

  foldFailed(fields: {
    readonly measurement: string;
    readonly start?: string;
    readonly reason: string;
  }): void {
    this.#warning.log('WINDOW_FOLD_FAILED', fields, 'a window could not be computed; it is tried again');
  }

  rowsRefused(measurement: string, { rowsRefused, refusal }: FoldResult): void {
    const fields = { measurement, rows: rowsRefused, reason: refusal };
    this.#warning.log('WINDOW_ROWS_REFUSED', fields, 'the store refuses rows of windows');
  }

  /** `ranges`: where values are missing from rows. */
  overMemory(ranges: readonly Span[]): void {
    if (ranges.length === 0) return;
    const { bytes, maxBytes } = this.#memory;
    const from = new Date(Math.min(...ranges.map(({ startMs }) => startMs))).toISOString();
    const to = new Date(Math.max(...ranges.map(({ endMs }) => endMs))).toISOString();
    this.#warning.log(
      'WINDOWS_OVER_MEMORY',
      { memoryBytes: bytes, maxMemoryBytes: maxBytes, from, to },
      'there is no room to remember more windows: values are stored that rows of windows lack; these say inexact=true',
    );
  }
}
