/** @import { Arrival } from './types.js' */

/**
 * The newest messages in the order of their coming, newest first. While it is paused the rows stay where they are: what comes
 * meanwhile waits, but what becomes of the messages that are shown is shown at once.
 */
export class RecentArrivals {
  #maxRows;
  /** @type {Arrival[]} */
  #rows = [];
  /** What came during the pause, newest first. */
  /** @type {Arrival[]} */
  #held = [];
  #isPaused = false;

  /** @param {number} maxRows */
  constructor(maxRows) {
    this.#maxRows = maxRows;
  }

  get rows() {
    return this.#rows;
  }

  get isPaused() {
    return this.#isPaused;
  }

  /** How many came during the pause; at most as many as are shown. */
  get held() {
    return this.#held.length;
  }

  /** @param {Arrival} arrival */
  add(arrival) {
    if (replace(this.#rows, arrival) || replace(this.#held, arrival)) return;
    // Nothing moves where nothing is.
    const list = this.#isPaused && this.#rows.length > 0 ? this.#held : this.#rows;
    list.unshift(arrival);
    if (list.length > this.#maxRows) list.pop();
  }

  pause() {
    this.#isPaused = true;
  }

  resume() {
    this.#isPaused = false;
    this.#rows = [...this.#held, ...this.#rows].slice(0, this.#maxRows);
    this.#held = [];
  }
}

/** @param {Arrival[]} list @param {Arrival} arrival */
function replace(list, arrival) {
  const index = list.findIndex(({ id }) => id === arrival.id);
  if (index === -1) return false;
  list[index] = arrival;
  return true;
}
