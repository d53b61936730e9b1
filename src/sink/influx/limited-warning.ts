import type { Clock } from '../../clock.js';

export type Warn = (fields: Record<string, unknown>, sentence: string) => void;

export type WarningCode =
  | 'store-unavailable'
  | 'store-unexpected'
  | 'store-configuration'
  | 'store-refuses-everything'
  | 'store-refuses-many';

const REPEAT_AFTER_MS = 30_000;

/** Repeats a warning at most every 30 s a code and says how often it was held back. */
export class LimitedWarning {
  readonly #warn: Warn;
  readonly #clock: Clock;
  readonly #last = new Map<WarningCode, { atMs: number; heldBack: number }>();

  constructor(warn: Warn, clock: Clock) {
    this.#warn = warn;
    this.#clock = clock;
  }

  say(code: WarningCode, fields: Record<string, unknown>, sentence: string): void {
    const nowMs = this.#clock.monotonicMs();
    const last = this.#last.get(code);
    if (last !== undefined && nowMs - last.atMs < REPEAT_AFTER_MS) {
      last.heldBack++;
      return;
    }
    this.#last.set(code, { atMs: nowMs, heldBack: 0 });
    this.#warn({ code, ...fields, heldBack: last?.heldBack ?? 0 }, sentence);
  }
}
