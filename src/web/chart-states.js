import { ChartMessage } from './chart-message.js';
import { smallerPreset, viewWith } from './chart-range.js';
import { momentOf, rangeWords } from './chart-time.js';
import { foreign } from './format.js';
import { getJson } from './poll.js';

/** @import { ChartPanel } from './chart-card.js' */
/** @import { Failure, LatestPage } from './types.js' */

/** Nothing older is looked up when a range has no points. */
const LOOK_BACK_MS = 366 * 86_400_000;

/** What a chart says when it has no lines to show, and when the store did not answer it. */
export class ChartStates {
  #message = new ChartMessage();
  #measurement;
  #panel;
  /** The view for which the newest point was asked for, so that it is asked once. */
  #newestFor = '';

  /** @param {string} measurement @param {ChartPanel} panel */
  constructor(measurement, panel) {
    this.#measurement = measurement;
    this.#panel = panel;
  }

  get node() {
    return this.#message.node;
  }

  /** There are lines: nothing is to be said. */
  clear() {
    this.#newestFor = '';
    this.#message.hide();
  }

  /** @param {string} sentence */
  say(sentence) {
    this.#newestFor = '';
    this.#message.show(sentence);
  }

  /** Says which range has points, and offers it. */
  async sayNoPoints() {
    const { range, now } = this.#panel;
    const words = `No points in this range: ${rangeWords(range.view, now())}.`;
    const key = JSON.stringify(range.view);
    if (key === this.#newestFor) return;
    this.#newestFor = key;
    this.#message.show(words);
    const newestMs = await this.#newestMs();
    if (key !== this.#newestFor || newestMs === undefined) return;
    const detail = `The newest point is of ${momentOf(newestMs, 1_000, now())}.`;
    const act = () => range.choose(viewWith(range.view, newestMs, now()));
    this.#message.show(words, { detail, buttons: [{ label: 'Show it', act }] });
  }

  /**
   * While the store is away the page says so once, for all charts: their old lines stay without a word.
   *
   * @param {Failure} failure
   * @param {{ nextMs: number, hasLines: boolean }} options
   */
  sayFailed({ message }, { nextMs, hasLines }) {
    this.#newestFor = '';
    if (hasLines && this.#panel.way().isAway) {
      this.#message.hide();
      return;
    }
    const { range, tryNow } = this.#panel;
    const smaller = smallerPreset(range.view);
    const buttons = [{ label: 'Try now', act: tryNow }];
    if (smaller !== undefined) {
      const act = () => range.choose({ kind: 'live', spanMs: smaller.spanMs });
      buttons.push({ label: `Show ${smaller.label}`, act });
    }
    const seconds = Math.max(1, Math.round(nextMs / 1_000));
    const detail = `${foreign(message)} The page tries again in ${seconds} s.`;
    this.#message.show('The store did not answer this chart.', { detail, buttons, isAbove: hasLines });
  }

  /** @returns {Promise<number | undefined>} */
  async #newestMs() {
    const from = String(Math.max(0, Math.floor(this.#panel.now() - LOOK_BACK_MS)));
    const asked = { measurement: this.#measurement, from, silentBefore: from, order: 'newest', limit: '1' };
    try {
      /** @type {LatestPage} */
      const { groups } = await getJson('/api/latest', asked);
      return groups[0]?.atMs;
    } catch {
      // The sentence without the button is true as well.
      return undefined;
    }
  }
}
