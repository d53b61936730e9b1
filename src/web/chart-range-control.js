import { between, DEFAULT_VIEW, edgesOf, panned, zoomed } from './chart-range.js';
import { RangeHistory } from './chart-range-history.js';

/** @import { ChartLink } from './chart-link.js' */
/** @import { View } from './types.js' */

/** The address is written once a wheel or a drag has come to rest: browsers refuse hundreds of writes in seconds. */
const WRITE_AFTER_MS = 300;

/** The one range that all charts share; every way to change it goes through here. */
export class RangeControl {
  #history;
  #link;
  #now;
  #onChange;
  #liveSpanMs;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #writeTimer;

  /**
   * `now()`: the gateway's clock. `onChange()`: after each change of the view.
   *
   * @param {ChartLink} link
   * @param {() => number} now
   * @param {() => void} onChange
   */
  constructor(link, now, onChange) {
    this.#link = link;
    this.#now = now;
    this.#onChange = onChange;
    this.#history = new RangeHistory(link.state.view);
    this.#liveSpanMs = this.view.kind === 'live' ? this.view.spanMs : DEFAULT_VIEW.spanMs;
  }

  get view() {
    return this.#history.view;
  }

  get edges() {
    return edgesOf(this.view, this.#now());
  }

  get canUndo() {
    return this.#history.canUndo;
  }

  /** @param {View} view */
  choose(view) {
    this.#go(view, false);
  }

  /**
   * Without `aroundMs` a live view stays live.
   *
   * @param {number} factor
   * @param {number} [aroundMs]
   */
  zoom(factor, aroundMs) {
    this.#go(zoomed(this.view, factor, this.#now(), aroundMs), true);
  }

  /** @param {number} share */
  pan(share) {
    this.#go(panned(this.view, share, this.#now()), true);
  }

  /** @param {number} oneMs @param {number} otherMs @param {boolean} isStep */
  between(oneMs, otherMs, isStep) {
    this.#go(between(oneMs, otherMs, this.#now()), isStep);
  }

  live() {
    this.#go({ kind: 'live', spanMs: this.#liveSpanMs }, false);
  }

  undo() {
    if (!this.#history.undo()) return;
    this.#changed(false);
  }

  /**
   * The address was changed from outside.
   *
   * @param {View} view
   */
  follow(view) {
    this.#history.go(view, { atMs: this.#now() });
    this.#noteLive();
    this.#onChange();
  }

  /** @param {View} view @param {boolean} isStep */
  #go(view, isStep) {
    const before = this.view;
    const isNewEntry = this.#history.go(view, { isStep, atMs: this.#now() });
    if (this.view !== before) this.#changed(isNewEntry);
  }

  /** @param {boolean} isNewEntry */
  #changed(isNewEntry) {
    this.#noteLive();
    clearTimeout(this.#writeTimer);
    if (isNewEntry) this.#link.write({ view: this.view }, { isNewEntry });
    else this.#writeTimer = setTimeout(() => this.#link.write({ view: this.view }), WRITE_AFTER_MS);
    this.#onChange();
  }

  #noteLive() {
    if (this.view.kind === 'live') this.#liveSpanMs = this.view.spanMs;
  }
}
