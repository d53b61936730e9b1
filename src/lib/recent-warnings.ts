import { WARNING_CODES, type WarningCode } from './warnings.js';

export interface RecentWarning {
  /** Counts from 1 without gaps. */
  readonly seq: number;
  readonly atMs: number;
  readonly level: 'warn' | 'error' | 'fatal';
  readonly code: WarningCode;
  readonly sentence: string;
  /** What the operator does about it. */
  readonly next: string;
  /** As in the log line: escaped and cut, without secrets and payloads. */
  readonly fields: Readonly<Record<string, unknown>>;
  /** How many like it were held back before it. */
  readonly heldBack: number;
}

const KEPT = 200;

/** RecentWarnings keeps the last warnings of this process for the page and the API, and counts all by code. */
export class RecentWarnings {
  readonly #kept: RecentWarning[] = [];
  readonly #totals = Object.fromEntries(WARNING_CODES.map((code) => [code, 0])) as Record<
    WarningCode,
    number
  >;
  #lastSeq = 0;

  add(warning: Omit<RecentWarning, 'seq'>): void {
    this.#lastSeq += 1;
    this.#totals[warning.code] += 1 + warning.heldBack;
    this.#kept.push({ seq: this.#lastSeq, ...warning });
    if (this.#kept.length > KEPT) this.#kept.shift();
  }

  /** The kept warnings with a number above `seq`, oldest first; all of them for 0. */
  after(seq: number): readonly RecentWarning[] {
    return this.#kept.filter((warning) => warning.seq > seq);
  }

  /** How many there were of each code since the start, including those held back. */
  totals(): Readonly<Record<WarningCode, number>> {
    return { ...this.#totals };
  }
}
