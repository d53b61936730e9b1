/** The source of time of a stage; tests pass one that they control. */
export interface Clock {
  /** The wall clock in ns since 1970. It may step back when the machine's clock is set. */
  nowNs(): bigint;
  /** A monotonic clock in ms from an arbitrary start, for timeouts, back-off and rates. */
  monotonicMs(): number;
}

const NS_PER_MS = 1_000_000n;

/** SystemClock reads the machine's clocks. Wall time has µs resolution: `Date` gives the ms, `hrtime` the fraction. */
export class SystemClock implements Clock {
  #anchorMs = 0;
  #anchorHrNs = 0n;

  nowNs(): bigint {
    const nowMs = Date.now();
    const hrNs = process.hrtime.bigint();
    const sinceAnchorNs = hrNs - this.#anchorHrNs;
    const byHrNs = BigInt(this.#anchorMs) * NS_PER_MS + sinceAnchorNs;
    const wallNs = BigInt(nowMs) * NS_PER_MS;
    // Re-anchor when the two clocks disagree by more than one tick of Date: the wall clock was stepped or slewed.
    if (byHrNs < wallNs || byHrNs >= wallNs + NS_PER_MS) {
      this.#anchorMs = nowMs;
      this.#anchorHrNs = hrNs;
      return wallNs;
    }
    return byHrNs;
  }

  monotonicMs(): number {
    return performance.now();
  }
}
