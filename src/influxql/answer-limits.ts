import { InfluxqlError } from './influxql-error.js';
import type { Value } from './value.js';

/** Cells of all rows of one statement, the time of each row included. */
export const MAX_CELLS = 1_000_000;
/** Characters of all texts of one statement. */
export const MAX_TEXT_CHARACTERS_OF_ANSWER = 16_777_216;
/** Windows of one group, also those without a value: what InfluxDB calls max-select-buckets. */
export const MAX_WINDOWS = 100_000;
/** Rows that are read for one statement: values of windows, or points. */
export const MAX_ROWS_READ = 250_000;
/** Points that have to be sorted for one statement. */
export const MAX_SORTED_POINTS = 2_000_000;

/** Bytes of all texts that one statement keeps in the store until it is answered. */
export const MAX_KEPT_TEXT_BYTES = 33_554_432;

const SHORTER = 'ask for a shorter time, longer windows, fewer groups or a LIMIT';

/** Counts what one statement takes. Its methods throw an InfluxqlError when there is too much. */
export class AnswerLimits {
  #cells = 0;
  #characters = 0;

  countCells(count: number): void {
    this.#cells += count;
    if (this.#cells > MAX_CELLS) {
      throw new InfluxqlError(`the answer has more than ${MAX_CELLS} values; ${SHORTER}`);
    }
  }

  countTexts(values: readonly (Value | null)[]): void {
    for (const value of values) if (typeof value === 'string') this.#characters += value.length;
    if (this.#characters > MAX_TEXT_CHARACTERS_OF_ANSWER) {
      throw new InfluxqlError(
        `the texts of the answer have more than ${MAX_TEXT_CHARACTERS_OF_ANSWER} characters; ${SHORTER}`,
      );
    }
  }
}

export function checkWindows(count: bigint): void {
  if (count > MAX_WINDOWS) {
    throw new InfluxqlError(`max-select-buckets limit exceeded: (${count}/${MAX_WINDOWS}); ${SHORTER}`);
  }
}

export function checkRowsRead(count: number): void {
  if (count > MAX_ROWS_READ) {
    throw new InfluxqlError(`more than ${MAX_ROWS_READ} rows would be read; ${SHORTER}`);
  }
}

export function checkTextBytes(count: number): void {
  if (count > MAX_KEPT_TEXT_BYTES) {
    throw new InfluxqlError(`texts of ${count} bytes would have to be kept, which is too much; ${SHORTER}`);
  }
}

export function checkSortedPoints(count: number): void {
  if (count > MAX_SORTED_POINTS) {
    throw new InfluxqlError(`more than ${MAX_SORTED_POINTS} points would have to be sorted; ${SHORTER}`);
  }
}
