/** Where a stage takes time from; tests hand in one they can steer. */
export interface Clock {
  /** Wall clock, ns since 1970. May step back when the machine's clock is set. */
  nowNs(): bigint;
  /** Monotonic, ms from an arbitrary start: for time-outs, back-off and rates. */
  monotonicMs(): number;
}

const NS_PER_MS = 1_000_000n;

/** The machine's clocks. Wall time has µs resolution: `Date` gives the ms, `hrtime` the place inside it. */
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
