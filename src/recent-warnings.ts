import { WARNING_CODES, type WarningCode } from './warnings.js';

export interface RecentWarning {
  /** Counts from 1, without a hole. */
  readonly seq: number;
  readonly atMs: number;
  readonly level: 'warn' | 'error' | 'fatal';
  readonly code: WarningCode;
  readonly sentence: string;
  /** What the operator does about it. */
  readonly next: string;
  /** As in the log line: escaped and cut, without secrets and payloads. */
  readonly fields: Readonly<Record<string, unknown>>;
  /** How many like it were left out before it. */
  readonly heldBack: number;
}

const KEPT = 200;

/** The last warnings of this process, for whoever looks at it without its log, and how many there were of each code. */
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

  /** Those behind `seq` that are still kept, oldest first; all that are kept for 0. */
  after(seq: number): readonly RecentWarning[] {
    return this.#kept.filter((warning) => warning.seq > seq);
  }

  /** Since the start, those held back with them. */
  totals(): Readonly<Record<WarningCode, number>> {
    return { ...this.#totals };
  }
}
