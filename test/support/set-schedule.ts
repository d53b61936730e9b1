import type { Schedule } from '../../src/lib/timers.js';

/** A schedule whose timers the test fires. */
export class SetSchedule {
  readonly timers = new Set<{ readonly delayMs: number; readonly atMs: number; readonly run: () => void }>();
  #nowMs = 0;

  readonly schedule: Schedule = (delayMs, run) => {
    const timer = { delayMs, atMs: this.#nowMs + delayMs, run };
    this.timers.add(timer);
    return () => void this.timers.delete(timer);
  };

  delaysMs(): number[] {
    return [...this.timers].map(({ delayMs }) => delayMs);
  }

  /** Lets time pass, and fires the timers whose time has come, in their order. */
  advance(ms: number): void {
    this.#nowMs += ms;
    const due = [...this.timers].filter(({ atMs }) => atMs <= this.#nowMs);
    for (const timer of due.sort((a, b) => a.atMs - b.atMs)) {
      if (this.timers.delete(timer)) timer.run();
    }
  }

  /** Fires the timers of this delay that are set now. */
  fire(delayMs: number): void {
    for (const timer of [...this.timers].filter((set) => set.delayMs === delayMs)) {
      this.timers.delete(timer);
      timer.run();
    }
  }
}
