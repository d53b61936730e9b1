import { hasValues } from './chart-lines.js';
import { looksOf, marksOf } from './chart-marks.js';
import { askLines } from './chart-request.js';
import { momentOf, rangeWords } from './chart-time.js';
import { element, setText } from './dom.js';
import { foreign } from './format.js';
import { LinePlot } from './line-plot.js';
import { columnValue } from './value-scale.js';

/** @import { ChartCard, ChartPanel } from './chart-card.js' */
/** @import { Drawn, MeasurementSummary, Window } from './types.js' */

/** However narrow the buckets are: many small charts must not cost the store more than the large ones. */
const REFRESH_AT_LEAST_MS = 10_000;
let cards = 0;

/** Another field of a measurement: the same lines as on its large chart, without a legend. */
export class SmallCard {
  node;
  isInView = false;
  #summary;
  #field;
  #panel;
  #large;
  #plotBox = element('div', { class: 'plot', role: 'img' });
  #words = element('p', { class: 'card-end muted' });
  #plot;
  /** @type {Drawn | undefined} */
  #drawn;
  #dueAtMs = 0;

  /**
   * `large`: the card of the measurement. `onOpen`: the field is to be shown there.
   *
   * @param {MeasurementSummary} summary
   * @param {string} field
   * @param {ChartPanel} panel
   * @param {{ large: ChartCard, onOpen: () => void }} options
   */
  constructor(summary, field, panel, { large, onOpen }) {
    cards += 1;
    const id = `small-chart-${cards}`;
    this.#summary = summary;
    this.#field = field;
    this.#panel = panel;
    this.#large = large;
    const title = { type: 'button', class: 'quiet', title: 'Show it in the large chart' };
    const open = element('button', title, element('bdi', {}, foreign(field, 60)));
    open.addEventListener('click', onOpen);
    setText(this.#words, foreign(summary.name, 40));
    this.node = element(
      'article',
      { class: 'card small-card is-asking', 'aria-labelledby': id },
      element('div', { class: 'card-head' }, element('h3', { id }, open), this.#words),
      element('div', { class: 'plot-frame' }, this.#plotBox),
    );
    this.#plot = new LinePlot(this.#plotBox, (index) => this.#showValues(index));
  }

  /** Whether it is time to ask the store again. */
  get isDue() {
    return performance.now() >= this.#dueAtMs;
  }

  /** The range, or what the lines are split by, has changed. */
  makeDue() {
    this.#dueAtMs = 0;
  }

  /**
   * Asks the store for a window of time and draws it. Rejects with AnswerError.
   *
   * @param {Window} window
   */
  async refresh(window) {
    this.#dueAtMs = performance.now() + REFRESH_AT_LEAST_MS;
    const { name: measurement } = this.#summary;
    const drawn = await askLines({ measurement, field: this.#field, ...this.#large.split }, window);
    this.#drawn = drawn;
    this.node.classList.remove('is-asking');
    this.redraw();
  }

  rescale() {
    this.#plot.scaleTo(this.#panel.range.edges);
    this.makeDue();
  }

  redraw() {
    if (this.#drawn === undefined) return;
    const { timesMs, lines, tag } = this.#drawn;
    const { range, now, way } = this.#panel;
    const looks = looksOf(this.#panel.looks(), { measurement: this.#summary.name, tag, field: this.#field });
    const field = this.#summary.fields.find(({ name }) => name === this.#field);
    const shown = lines.map((line) => ({ ...line, isShown: true }));
    this.#plot.show(
      range.edges,
      timesMs,
      shown,
      marksOf(field, looks, way(), { nowMs: now(), hasWords: false }),
    );
    this.#showValues(this.#plot.cursorIndex);
    const label = `${this.#summary.name}: ${this.#field}, ${rangeWords(range.view, now())}, ${this.#words.textContent}`;
    this.#plotBox.setAttribute('aria-label', foreign(label, 300));
  }

  /** What is drawn stays. The large chart says why there is nothing newer. */
  fail() {
    this.node.classList.remove('is-asking');
    this.redraw();
    if (this.#drawn === undefined) setText(this.#words, 'no answer');
  }

  /** @param {number | null} index */
  #showValues(index) {
    if (this.#drawn === undefined) return;
    const { timesMs, lines, bucketMs } = this.#drawn;
    const isNow = index === null;
    const values = lines.flatMap(({ statistics, values: means }) => {
      const value = isNow ? statistics.last?.value : means[index];
      return value === null || value === undefined ? [] : [value];
    });
    const name = foreign(this.#summary.name, 40);
    if (values.length === 0) {
      setText(this.#words, hasValues(lines) ? name : `${name}, no points in this range`);
      return;
    }
    const [low, high] = [Math.min(...values), Math.max(...values)].map((value) =>
      columnValue(value, this.#plot.tickStep),
    );
    const at = isNow ? 'now' : `at ${momentOf(timesMs[index], bucketMs, this.#panel.now())}`;
    setText(this.#words, `${name}, ${low === high ? low : `${low} to ${high}`} ${at}`);
  }
}
