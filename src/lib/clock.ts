/** The source of time of a stage; tests pass one that they control. */
export interface Clock {
  /** The wall clock in ns since 1970. It may step back when the machine's clock is set. */
  nowNs(): bigint;
  /** A monotonic clock in ms from an arbitrary start, for timeouts, back-off and rates. */
  monotonicMs(): number;
}

const NS_PER_MS = 1_000_000n;

/**
 * SystemClock reads the machine's clocks. Wall time has µs resolution: `Date` gives the ms, the monotonic clock the fraction.
 * It is asked for every message, so it counts in doubles, which hold a µs exactly for 285 years, and makes one bigint.
 */
export class SystemClock implements Clock {
  #anchorMs = 0;
  #anchorNs = 0n;
  /** The monotonic clock at the anchor. */
  #anchorMonotonicMs = Number.NEGATIVE_INFINITY;

  nowNs(): bigint {
    const nowMs = Date.now();
    const monotonicMs = performance.now();
    const sinceAnchorMs = monotonicMs - this.#anchorMonotonicMs;
    const sinceWallMs = sinceAnchorMs - (nowMs - this.#anchorMs);
    // Re-anchor when the two clocks disagree by more than one tick of Date: the wall clock was stepped or slewed.
    if (!(sinceWallMs >= 0 && sinceWallMs < 1)) {
      this.#anchorMs = nowMs;
      this.#anchorNs = BigInt(nowMs) * NS_PER_MS;
      this.#anchorMonotonicMs = monotonicMs;
      return this.#anchorNs;
    }
    return this.#anchorNs + BigInt(Math.trunc(sinceAnchorMs * 1e6));
  }

  monotonicMs(): number {
    return performance.now();
  }
}
