import type { Clock } from '../../src/lib/clock.js';

/** A clock the test sets. */
export class SetClock implements Clock {
  wallNs = 1_795_000_000_000_000_000n;
  elapsedMs = 0;

  nowNs(): bigint {
    return this.wallNs;
  }

  monotonicMs(): number {
    return this.elapsedMs;
  }
}
