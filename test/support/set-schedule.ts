import type { Schedule } from '../../src/lib/timers.js';

/** A schedule whose timers the test fires. */
export class SetSchedule {
  readonly timers = new Set<{ readonly delayMs: number; readonly run: () => void }>();

  readonly schedule: Schedule = (delayMs, run) => {
    const timer = { delayMs, run };
    this.timers.add(timer);
    return () => void this.timers.delete(timer);
  };

  delaysMs(): number[] {
    return [...this.timers].map(({ delayMs }) => delayMs);
  }

  /** Fires the timers of this delay that are set now. */
  fire(delayMs: number): void {
    for (const timer of [...this.timers].filter((set) => set.delayMs === delayMs)) {
      this.timers.delete(timer);
      timer.run();
    }
  }
}
