import type { Clock } from '../../../../src/lib/clock.js';
import type { Pause } from '../../../../src/lib/timers.js';

interface Timer {
  readonly atMs: number;
  readonly order: number;
  readonly fire: () => void;
}

/** What a simulated process and the network take time from. */
export interface TimeSource {
  readonly nowMs: number;
  at(atMs: number, fire: () => void): void;
  sleep(ms: number): Promise<void>;
}

/** The machine's. */
export class RealTime implements TimeSource {
  get nowMs(): number {
    return performance.now();
  }

  readonly sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

  at(atMs: number, fire: () => void): void {
    setTimeout(fire, atMs - this.nowMs);
  }
}

/** Time that passes only when the test lets it: timers fire in order, and all that follows from one runs before the next. */
export class VirtualTime implements TimeSource {
  nowMs = 0;
  #timers: Timer[] = [];
  #order = 0;

  /** Of the network and the table: passes for everybody. */
  readonly sleep = (ms: number): Promise<void> => new Promise((resolve) => this.at(this.nowMs + ms, resolve));

  at(atMs: number, fire: () => void): void {
    const timer = { atMs, order: this.#order++, fire };
    let low = 0;
    for (let high = this.#timers.length; low < high; ) {
      const middle = (low + high) >> 1;
      const other = this.#timers[middle]!;
      if (other.atMs < atMs || (other.atMs === atMs && other.order < timer.order)) low = middle + 1;
      else high = middle;
    }
    this.#timers.splice(low, 0, timer);
  }

  async runFor(ms: number): Promise<void> {
    const untilMs = this.nowMs + ms;
    await this.runUntil(() => false, ms);
    this.nowMs = untilMs;
  }

  /** Resolves with how long it took; Infinity when `reached` was false for `limitMs`. */
  async runUntil(reached: () => boolean, limitMs: number): Promise<number> {
    const beganMs = this.nowMs;
    for (;;) {
      await settled();
      if (reached()) return this.nowMs - beganMs;
      const next = this.#timers[0];
      if (next === undefined || next.atMs > beganMs + limitMs) return Number.POSITIVE_INFINITY;
      this.#timers.shift();
      this.nowMs = Math.max(this.nowMs, next.atMs);
      next.fire();
    }
  }
}

/** The time of one process, which can stand still for it, or end. The monotonic clock continues meanwhile. */
export class ProcessTime implements Clock {
  readonly #time: TimeSource;
  #state: 'running' | 'paused' | 'killed' = 'running';
  #waiting: (() => void)[] = [];
  resumedAtMs = Number.NEGATIVE_INFINITY;

  constructor(time: TimeSource) {
    this.#time = time;
  }

  nowNs(): bigint {
    return 1_795_000_000_000_000_000n + BigInt(Math.round(this.#time.nowMs)) * 1_000_000n;
  }

  monotonicMs(): number {
    return this.#time.nowMs;
  }

  get isRunning(): boolean {
    return this.#state === 'running';
  }

  get isKilled(): boolean {
    return this.#state === 'killed';
  }

  pause(): void {
    if (this.#state === 'running') this.#state = 'paused';
  }

  resume(): void {
    if (this.#state !== 'paused') return;
    this.#state = 'running';
    this.resumedAtMs = this.#time.nowMs;
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  /** Nothing of it ever runs again. */
  kill(): void {
    this.#state = 'killed';
    this.#waiting = [];
  }

  /** Resolves when the process can run: never, once it was killed. */
  readonly arrive = (): Promise<void> => {
    if (this.#state === 'running') return Promise.resolve();
    return new Promise((resolve) => {
      if (this.#state === 'paused') this.#waiting.push(resolve);
    });
  };

  readonly sleep: Pause = async (ms, signal) => {
    if (signal?.aborted !== true) {
      await new Promise<void>((resolve) => {
        const end = () => {
          signal?.removeEventListener('abort', end);
          resolve();
        };
        this.#time.at(this.#time.nowMs + ms, end);
        signal?.addEventListener('abort', end, { once: true });
      });
    }
    await this.arrive();
  };
}

/** Everything that follows without time passing has happened. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
