import { isSameView } from './chart-range.js';

/** @import { View } from './types.js' */

const MAX_STEPS = 50;
/** Wheel steps or key presses that are closer together than this are undone as one. */
const ONE_GESTURE_MS = 700;

/** The view with those before it, so that a zoom can be undone. */
export class RangeHistory {
  view;
  /** @type {View[]} */
  #past = [];
  #gestureAtMs = Number.NEGATIVE_INFINITY;

  /** @param {View} view */
  constructor(view) {
    this.view = view;
  }

  get canUndo() {
    return this.#past.length > 0;
  }

  /**
   * `isStep`: one of many in a gesture. Returns whether it began a new entry.
   *
   * @param {View} view
   * @param {{ isStep?: boolean; atMs: number }} options
   */
  go(view, { isStep = false, atMs }) {
    if (isSameView(view, this.view)) return false;
    const joins = isStep && atMs - this.#gestureAtMs < ONE_GESTURE_MS;
    this.#gestureAtMs = isStep ? atMs : Number.NEGATIVE_INFINITY;
    if (!joins) this.#past = [...this.#past, this.view].slice(-MAX_STEPS);
    this.view = view;
    return !joins;
  }

  /** Back to the view before the last gesture; false when there is none. */
  undo() {
    const before = this.#past.pop();
    if (before === undefined) return false;
    this.#gestureAtMs = Number.NEGATIVE_INFINITY;
    this.view = before;
    return true;
  }
}
