import { RateBudget } from '../lib/rate-budget.js';
import type { Arrival } from './arrival.js';

/** How many messages a second a search shows. */
export const ARRIVALS_PER_SECOND = 20;

/** One who watches what arrives: a sample of everything, or all that a search finds. */
export class Watcher {
  readonly search: string | undefined;
  readonly onArrival: (arrival: Arrival) => void;
  readonly #budget: RateBudget;
  #omitted = 0;

  constructor(search: string | undefined, onArrival: (arrival: Arrival) => void, nowMs: number) {
    this.search = search;
    this.onArrival = onArrival;
    this.#budget = new RateBudget(ARRIVALS_PER_SECOND, nowMs);
  }

  /** Whether there is room for one more message; one that has none is counted. */
  admits(nowMs: number): boolean {
    if (!this.#budget.hasRoom(nowMs)) {
      this.#omitted += 1;
      return false;
    }
    this.#budget.spend(1);
    return true;
  }

  addOmitted(messages: number): void {
    this.#omitted += messages;
  }

  takeOmitted(): number {
    const omitted = this.#omitted;
    this.#omitted = 0;
    return omitted;
  }
}
