import type { Clock } from './clock.js';

export type Warn = (fields: Record<string, unknown>, sentence: string) => void;

const REPEAT_AFTER_MS = 30_000;

/** Says a warning at most every 30 s a code, and how often it was held back. Codes are few and fixed. */
export class LimitedWarning<Code extends string> {
  readonly #warn: Warn;
  readonly #clock: Clock;
  readonly #last = new Map<Code, { readonly atMs: number; heldBack: number }>();

  constructor(warn: Warn, clock: Clock) {
    this.#warn = warn;
    this.#clock = clock;
  }

  say(code: Code, fields: Record<string, unknown>, sentence: string): void {
    const nowMs = this.#clock.monotonicMs();
    const last = this.#last.get(code);
    if (last !== undefined && nowMs - last.atMs < REPEAT_AFTER_MS) {
      last.heldBack += 1;
      return;
    }
    this.#last.set(code, { atMs: nowMs, heldBack: 0 });
    this.#warn({ code, ...fields, heldBack: last?.heldBack ?? 0 }, sentence);
  }
}
