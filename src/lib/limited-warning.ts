import type { Clock } from './clock.js';

const REPEAT_AFTER_MS = 30_000;

export interface LimitedWarningOptions {
  readonly everyMs?: number;
  /**
   * Runs something later. With it the last line held back is logged once the time is over, so that the log ends with
   * the current state; without it, only the next line reports how many were held back.
   */
  readonly later?: (ms: number, run: () => void) => void;
}

export interface LimitedFields<Code extends string> {
  readonly code: Code;
  readonly heldBack: number;
  readonly [field: string]: unknown;
}

interface Logged {
  readonly atMs: number;
  heldBack: number;
  last: (() => void) | undefined;
}

/**
 * LimitedWarning logs at most one line per code in 30 s, and how many were held back. The logger has one for all its
 * lines; a stage that may warn for every record has its own, so that held back lines do not cross threads.
 */
export class LimitedWarning<Code extends string> {
  readonly #warn: (fields: LimitedFields<Code>, sentence: string) => void;
  readonly #clock: Clock;
  readonly #everyMs: number;
  readonly #later: LimitedWarningOptions['later'];
  readonly #logged = new Map<Code, Logged>();

  constructor(
    warn: (fields: LimitedFields<NoInfer<Code>>, sentence: string) => void,
    clock: Clock,
    { everyMs = REPEAT_AFTER_MS, later }: LimitedWarningOptions = {},
  ) {
    this.#warn = warn;
    this.#clock = clock;
    this.#everyMs = everyMs;
    this.#later = later;
  }

  log(code: Code, fields: Readonly<Record<string, unknown>>, sentence: string): void {
    const nowMs = this.#clock.monotonicMs();
    const before = this.#logged.get(code);
    if (before === undefined || nowMs - before.atMs >= this.#everyMs) {
      this.#logNow(code, fields, sentence, before?.heldBack ?? 0);
      return;
    }
    before.heldBack += 1;
    if (this.#later === undefined) return;
    const isFirst = before.last === undefined;
    before.last = () => {
      // Otherwise a later line was logged meanwhile, when the time was over.
      if (this.#logged.get(code) === before) this.#logNow(code, fields, sentence, before.heldBack - 1);
    };
    if (isFirst) this.#later(before.atMs + this.#everyMs - nowMs, () => before.last?.());
  }

  #logNow(code: Code, fields: Readonly<Record<string, unknown>>, sentence: string, heldBack: number): void {
    this.#logged.set(code, { atMs: this.#clock.monotonicMs(), heldBack: 0, last: undefined });
    this.#warn({ ...fields, code, heldBack }, sentence);
  }
}
