/**
 * TokenBucket is a rate with a burst. It keeps one number, the time at which everything taken so far has been earned
 * (the generic cell rate algorithm). More may be taken than is there: the next one then waits the longer.
 */
export class TokenBucket {
  readonly #msPerToken: number;
  readonly #burstMs: number;
  #earnedAtMs = Number.NEGATIVE_INFINITY;
  #nowMs = Number.NEGATIVE_INFINITY;

  /** `burstMs`: what is not taken may be taken later, up to the tokens of this time. */
  constructor(perSecond: number, burstMs: number) {
    this.#msPerToken = 1000 / perSecond;
    this.#burstMs = burstMs;
  }

  take(tokens: number, nowMs: number): void {
    this.#passTo(nowMs);
    this.#earnedAtMs = Math.max(this.#earnedAtMs, nowMs) + tokens * this.#msPerToken;
  }

  /** How long to wait until there are tokens again; 0 when there are. */
  waitMs(nowMs: number): number {
    this.#passTo(nowMs);
    return Math.max(0, this.#earnedAtMs - nowMs - this.#burstMs);
  }

  /** Whether it is as if nothing had ever been taken. */
  isFull(nowMs: number): boolean {
    return this.#earnedAtMs <= nowMs;
  }

  /** A clock that has gone back would make the next one wait for as long as it went: the bucket begins again. */
  #passTo(nowMs: number): void {
    if (nowMs < this.#nowMs) this.#earnedAtMs = Number.NEGATIVE_INFINITY;
    this.#nowMs = nowMs;
  }
}
