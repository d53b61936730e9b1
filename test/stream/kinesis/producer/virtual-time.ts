import type { Clock } from '../../../../src/lib/clock.js';
import type { Schedule } from '../../../../src/lib/timers.js';
import { DueQueue } from '../../../../src/stream/kinesis/producer/dispatch-queues.js';

/** Clock and timers that move only when the test moves them. */
export class VirtualTime implements Clock {
  readonly #due = new DueQueue<{ run: (() => void) | undefined }>();
  nowMs = 0;

  nowNs(): bigint {
    return 1_795_000_000_000_000_000n + BigInt(Math.round(this.nowMs * 1e6));
  }

  monotonicMs(): number {
    return this.nowMs;
  }

  readonly schedule: Schedule = (delayMs, run) => {
    const timer: { run: (() => void) | undefined } = { run };
    this.#due.push(this.nowMs + delayMs, timer);
    return () => {
      timer.run = undefined;
    };
  };

  pause(ms: number): Promise<void> {
    return new Promise((resolve) => this.schedule(ms, resolve));
  }

  /** Runs timers in their order until `done` holds. Throws when there are no more of them, or it takes too long. */
  async until(done: () => boolean, limitMs = 3_600_000): Promise<void> {
    const endMs = this.nowMs + limitMs;
    for (;;) {
      await settle();
      if (done()) return;
      const nextMs = this.#due.nextAtMs;
      if (nextMs === undefined) throw new Error('stuck: nothing is scheduled any more');
      if (nextMs > endMs) throw new Error(`stuck: not done after ${limitMs} ms of virtual time`);
      this.#runNext(nextMs);
    }
  }

  /** Runs all that is due within `ms`. */
  async pass(ms: number): Promise<void> {
    const endMs = this.nowMs + ms;
    await settle();
    for (
      let nextMs = this.#due.nextAtMs;
      nextMs !== undefined && nextMs <= endMs;
      nextMs = this.#due.nextAtMs
    ) {
      this.#runNext(nextMs);
      await settle();
    }
    this.nowMs = endMs;
  }

  #runNext(nextMs: number): void {
    this.nowMs = Math.max(this.nowMs, nextMs);
    const timer = this.#due.takeDue(nextMs)!;
    timer.run?.();
  }
}

/** All promise callbacks that can run have run. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
