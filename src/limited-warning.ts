import type { Clock } from './clock.js';

const REPEAT_AFTER_MS = 30_000;

export interface LimitedWarningOptions {
  readonly everyMs?: number;
  /**
   * Runs something later. With it the last warning held back is said once the time is over, so that what is said
   * last is what holds; without it, only the next one tells how many were held back.
   */
  readonly later?: (ms: number, run: () => void) => void;
}

export interface LimitedFields<Code extends string> {
  readonly code: Code;
  readonly heldBack: number;
  readonly [field: string]: unknown;
}

interface Said {
  readonly atMs: number;
  heldBack: number;
  last: (() => void) | undefined;
}

/**
 * Says a line at most every 30 s a code, and how often it was held back. The logger has one for all that reaches
 * it; a stage that may warn as often as records come has another, so that the rest does not even cross threads.
 */
export class LimitedWarning<Code extends string> {
  readonly #warn: (fields: LimitedFields<Code>, sentence: string) => void;
  readonly #clock: Clock;
  readonly #everyMs: number;
  readonly #later: LimitedWarningOptions['later'];
  readonly #said = new Map<Code, Said>();

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

  say(code: Code, fields: Readonly<Record<string, unknown>>, sentence: string): void {
    const nowMs = this.#clock.monotonicMs();
    const before = this.#said.get(code);
    if (before === undefined || nowMs - before.atMs >= this.#everyMs) {
      this.#sayNow(code, fields, sentence, before?.heldBack ?? 0);
      return;
    }
    before.heldBack += 1;
    if (this.#later === undefined) return;
    const isFirst = before.last === undefined;
    before.last = () => {
      // Said meanwhile, by one that came when the time was over.
      if (this.#said.get(code) === before) this.#sayNow(code, fields, sentence, before.heldBack - 1);
    };
    if (isFirst) this.#later(before.atMs + this.#everyMs - nowMs, () => before.last?.());
  }

  #sayNow(code: Code, fields: Readonly<Record<string, unknown>>, sentence: string, heldBack: number): void {
    this.#said.set(code, { atMs: this.#clock.monotonicMs(), heldBack: 0, last: undefined });
    this.#warn({ ...fields, code, heldBack }, sentence);
  }
}
