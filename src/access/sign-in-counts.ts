import type { SignInMethod, SignInRefusal } from './access.js';

/** What a credential was taken for; `none`: there was none. */
export type ShownMethod = Exclude<SignInMethod, 'anonymous'> | 'none';

/** How many sign-ins had which end. Labels of metrics: the lists are closed. */
export interface SignInTotals {
  readonly granted: Readonly<Partial<Record<ShownMethod, number>>>;
  readonly refused: Readonly<Partial<Record<ShownMethod, Readonly<Partial<Record<SignInRefusal, number>>>>>>;
  /** Passwords that wait to be checked now. */
  readonly passwordsWaiting: number;
}

/** SignInCounts counts the ends of sign-ins. */
export class SignInCounts {
  readonly #granted: Partial<Record<ShownMethod, number>> = {};
  readonly #refused: Partial<Record<ShownMethod, Partial<Record<SignInRefusal, number>>>> = {};

  granted(method: ShownMethod): void {
    this.#granted[method] = (this.#granted[method] ?? 0) + 1;
  }

  refused(method: ShownMethod, reason: SignInRefusal): void {
    const reasons = this.#refused[method];
    this.#refused[method] = { ...reasons, [reason]: (reasons?.[reason] ?? 0) + 1 };
  }

  totals(passwordsWaiting: number): SignInTotals {
    return { granted: this.#granted, refused: this.#refused, passwordsWaiting };
  }
}
