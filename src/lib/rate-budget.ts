/** RateBudget allows so much in a second: what is not used is kept for one second, and debt is paid back. */
export class RateBudget {
  readonly #perSecond: number;
  #left: number;
  #atMs: number;

  constructor(perSecond: number, nowMs: number) {
    this.#perSecond = perSecond;
    this.#left = perSecond;
    this.#atMs = nowMs;
  }

  hasRoom(nowMs: number): boolean {
    this.#left = Math.min(this.#perSecond, this.#left + ((nowMs - this.#atMs) / 1_000) * this.#perSecond);
    this.#atMs = nowMs;
    return this.#left > 0;
  }

  /** May spend more than there is: the next one waits longer then. */
  spend(amount: number): void {
    this.#left -= amount;
  }
}
