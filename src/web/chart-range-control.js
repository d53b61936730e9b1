import {
  between,
  bucketFor,
  DEFAULT_VIEW,
  edgesOf,
  isSameView,
  panned,
  refreshEveryMs,
  spanOf,
  windowOf,
  zoomed,
} from './chart-range.js';
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
  /**
   * Shown while neither the address nor a person says a range.
   *
   * @type {View}
   */
  #usual = DEFAULT_VIEW;
  /**
   * The width of a bucket that a person has chosen, for the span it was chosen for.
   *
   * @type {{ bucketMs: number, spanMs: number } | undefined}
   */
  #chosenBucket;
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
    this.#history = new RangeHistory(link.state.view ?? this.#usual);
    this.#liveSpanMs = this.view.kind === 'live' ? this.view.spanMs : DEFAULT_VIEW.spanMs;
  }

  get view() {
    return this.#history.view;
  }

  get edges() {
    return edgesOf(this.view, this.#now(), this.bucketMs);
  }

  get window() {
    return windowOf(this.view, this.#now(), this.bucketMs);
  }

  get bucketMs() {
    return this.#chosenBucket?.bucketMs ?? bucketFor(spanOf(this.view));
  }

  get refreshMs() {
    return refreshEveryMs(this.view, this.bucketMs);
  }

  /** Whether the address or a person has said a range. */
  get isChosen() {
    return this.#link.state.view !== undefined || !isSameView(this.view, this.#usual);
  }

  /**
   * Until the span changes.
   *
   * @param {number} bucketMs
   */
  chooseBucket(bucketMs) {
    this.#chosenBucket = { bucketMs, spanMs: spanOf(this.view) };
    this.#onChange();
  }

  /**
   * What fits the store, while nobody has chosen a range.
   *
   * @param {View} view
   */
  suggest(view) {
    const isChosen = this.isChosen;
    this.#usual = view;
    if (isChosen) return;
    this.#history = new RangeHistory(view);
    this.#noteLive();
    this.#onChange();
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
   * @param {View | undefined} view
   */
  follow(view) {
    this.#history.go(view ?? this.#usual, { atMs: this.#now() });
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
    if (this.#chosenBucket?.spanMs !== spanOf(this.view)) this.#chosenBucket = undefined;
    if (this.view.kind === 'live') this.#liveSpanMs = this.view.spanMs;
  }
}
