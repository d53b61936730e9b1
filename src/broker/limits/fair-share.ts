/** How long a window lasts: spending is counted and limited in it. */
export const WINDOW_MS = 100;

/** What a message costs beside its bytes: most of the work for a small message does not depend on its length. */
const MESSAGE_BYTES = 100;

/** Above this share of its time the thread is busy: who comes then waits for those before it. */
const BUSY = 0.85;
/** Below this share the limit is raised again, and goes when nobody meets it. */
const AT_EASE = 0.7;
const LOWER = 0.7;
const RAISE = 1.2;

/** Nobody who spends less in a window is held back: about 1,500 messages of 100 bytes a second. */
const LEAST_LIMIT = 32 * 1024;

/** What one client has spent in the present window. */
export interface Spending {
  window: number;
  spent: number;
}

/**
 * FairShare finds how much one client may send in a window while the broker's thread is busy. It is not a fixed share:
 * the limit falls, window by window, until the thread has time left, and it only ever meets clients that send several
 * times the average. With one client, with clients that are alike, and with time left there is no limit.
 */
export class FairShare {
  readonly #utilization: () => number;
  #window = 0;
  #limit = Number.POSITIVE_INFINITY;
  #clients = 0;
  #spent = 0;
  #largest = 0;

  /** `utilization`: the share of time that the thread was busy since the call before. */
  constructor(utilization: () => number) {
    this.#utilization = utilization;
  }

  /** `Infinity` while there is none. */
  get limit(): number {
    return this.#limit;
  }

  spend(of: Spending, messages: number, bytes: number): void {
    if (of.window !== this.#window) {
      of.window = this.#window;
      of.spent = 0;
      this.#clients += 1;
    }
    const cost = bytes + messages * MESSAGE_BYTES;
    of.spent += cost;
    this.#spent += cost;
    if (of.spent > this.#largest) this.#largest = of.spent;
  }

  isSpent(of: Spending): boolean {
    return of.window === this.#window && of.spent >= this.#limit;
  }

  /** Begins the next window. Call it every WINDOW_MS; returns whether anything was spent in this one. */
  nextWindow(): boolean {
    const wasUsed = this.#clients > 0;
    this.#limit = this.#nextLimit();
    this.#window += 1;
    this.#clients = 0;
    this.#spent = 0;
    this.#largest = 0;
    return wasUsed;
  }

  #nextLimit(): number {
    const busy = this.#utilization();
    if (this.#clients < 2) return Number.POSITIVE_INFINITY;
    if (busy > BUSY) {
      const average = this.#spent / this.#clients;
      // Of two clients none can have four times the average; of many, one has twice as much by chance.
      const unfair = average * Math.min(4, 1 + this.#clients / 4);
      if (this.#largest <= unfair) return this.#limit;
      return Math.max(LEAST_LIMIT, unfair, Math.min(this.#limit, this.#largest) * LOWER);
    }
    if (busy > AT_EASE) return this.#limit;
    return this.#largest < this.#limit ? Number.POSITIVE_INFINITY : this.#limit * RAISE;
  }
}
