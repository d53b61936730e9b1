import { ChartGestures } from './chart-gestures.js';
import { hasValues, meanWords } from './chart-lines.js';
import { looksOf, marksOf } from './chart-marks.js';
import { askLines } from './chart-request.js';
import { ChartSetup } from './chart-setup.js';
import { ChartStates } from './chart-states.js';
import { ChartTable } from './chart-table.js';
import { rangeWords } from './chart-time.js';
import { spokenValues, valuesOf } from './chart-values.js';
import { element, setText } from './dom.js';
import { foreign } from './format.js';
import { LineLegend } from './line-legend.js';
import { LinePlot } from './line-plot.js';
import { SplitSearch } from './split-search.js';

/** @import { RangeControl } from './chart-range-control.js' */
/** @import { ChartChoice, ChartLook, Drawn, Failure, MeasurementSummary, StoreWay, Window } from './types.js' */

/**
 * What the cards have in common.
 *
 * @typedef {object} ChartPanel
 * @property {RangeControl} range
 * @property {() => number} now
 * @property {(sentence: string) => void} announce for screen readers
 * @property {() => readonly ChartLook[]} looks
 * @property {() => StoreWay} way
 * @property {() => void} tryNow
 */

let cards = 0;

/** One measurement: a field drawn over time, a line per value of a tag. */
export class ChartCard {
  node;
  isInView = true;
  setup;
  #summary;
  #panel;
  #plotBox = element('div', { class: 'plot', role: 'img', tabindex: '0', 'aria-describedby': 'chart-keys' });
  #body;
  #asTable = element('button', { type: 'button', class: 'quiet', 'aria-pressed': 'false' }, 'As table');
  #note = element('p', { class: 'note', hidden: '' });
  #table = new ChartTable();
  #states;
  #search = new SplitSearch();
  #plot;
  #legend;
  /** @type {Set<string>} */
  #hidden = new Set();
  /**
   * What the last answer of the store drew.
   *
   * @type {Drawn | undefined}
   */
  #drawn;

  /**
   * `chosen`: the choices of the link. `changed()`: the person chose something else.
   *
   * @param {MeasurementSummary} summary
   * @param {ChartPanel} panel
   * @param {{ chosen: ChartChoice, changed: (chosen: ChartChoice) => void }} choice
   */
  constructor(summary, panel, { chosen, changed }) {
    cards += 1;
    const id = `chart-${cards}`;
    this.#panel = panel;
    this.#summary = summary;
    this.#states = new ChartStates(summary.name, panel);
    this.setup = new ChartSetup(id, summary, {
      now: panel.now,
      chosen,
      onChange: () => changed(this.setup.chosen),
    });
    this.#legend = new LineLegend(this.#note, {
      onToggle: (name) => this.#toggle(name),
      onPoint: (name) => this.#plot.pointAt(name),
    });
    const { fieldChoice, chooser } = this.setup;
    const plotFrame = element('div', { class: 'plot-frame' }, this.#plotBox, this.#states.node);
    this.#body = element('div', { class: 'card-body' }, plotFrame, this.#legend.node);
    this.node = element(
      'article',
      { class: 'card chart-card is-asking', 'aria-labelledby': id },
      element(
        'div',
        { class: 'card-head' },
        element('h2', { id }, foreign(summary.name, 120)),
        fieldChoice,
        element('div', { class: 'card-end' }, chooser.toggle, this.#asTable),
      ),
      chooser.box,
      chooser.chips,
      this.#body,
      this.#table.node,
    );
    this.#plot = new LinePlot(this.#plotBox, (index) => this.#showValues(index));
    new ChartGestures(this.#plotBox, this.#plot, panel.range, (by) => this.#step(by));
    this.#asTable.addEventListener('click', () => this.#turnTable());
  }

  /** What the lines are split by, and the devices that the card is narrowed to. */
  get split() {
    const { tag, only, chooser } = this.setup;
    return { by: tag, onlyTag: chooser.tag, only };
  }

  /** The width of a bucket in the last answer. */
  get bucketMs() {
    return this.#drawn?.bucketMs;
  }

  /**
   * Fields and tags grow while devices report new ones.
   *
   * @param {MeasurementSummary} summary
   */
  update(summary) {
    if (JSON.stringify(summary) === JSON.stringify(this.#summary)) return;
    this.#summary = summary;
    this.setup.update(summary);
  }

  /**
   * Asks the store for a window of time and draws it. Rejects with AnswerError.
   *
   * @param {Window} window
   */
  async refresh(window) {
    const { field } = this.setup;
    if (field === '') {
      this.#showNothing('It has no numeric field to draw.');
      return;
    }
    await this.#lookForSplit(field, window);
    const drawn = await this.#ask(field, this.setup.tag, window);
    this.#drawn = drawn;
    this.node.classList.remove('is-asking');
    this.#draw(drawn);
    const sentences = [this.#sentenceAbout(drawn), foreign(meanWords(drawn.lines))];
    this.#showNote(sentences.filter((sentence) => sentence !== '').join(' '));
    if (hasValues(drawn.lines)) this.#states.clear();
    else await this.#states.sayNoPoints();
  }

  /** Stretches what is drawn to the new range until the store has answered. */
  rescale() {
    this.#label();
    this.#plot.scaleTo(this.#panel.range.edges);
  }

  /** Draws the same again: what needs a look, or what waits in the log, has changed. */
  redraw() {
    if (this.#drawn !== undefined) this.#draw(this.#drawn);
  }

  /**
   * Keeps what is drawn, up to now.
   *
   * @param {Failure} failure
   * @param {number} nextMs
   */
  fail(failure, nextMs) {
    this.node.classList.remove('is-asking');
    this.redraw();
    const hasLines = this.#drawn !== undefined && hasValues(this.#drawn.lines);
    this.#states.sayFailed(failure, { nextMs, hasLines });
  }

  focus() {
    this.node.scrollIntoView({ block: 'center' });
    this.#plotBox.focus({ preventScroll: true });
  }

  /** @param {string} field @param {Window} window */
  async #lookForSplit(field, window) {
    if (this.setup.isSplitChosen || (this.#drawn?.lines.length ?? 0) > 1) return;
    const tag = await this.#search.look(this.#summary.tags, async (tried) => {
      const { lines } = await this.#ask(field, tried, { ...window, buckets: 1 });
      return lines.length;
    });
    // The person may have chosen while the store was asked.
    if (tag !== undefined && !this.setup.isSplitChosen) this.setup.splitBy(tag);
  }

  /** @param {string} field @param {string | undefined} by @param {Window} window */
  #ask(field, by, window) {
    const { onlyTag, only } = this.split;
    return askLines({ measurement: this.#summary.name, field, by, onlyTag, only }, window);
  }

  /** @param {Drawn} drawn */
  #draw({ timesMs, lines }) {
    const shown = lines.map((line) => ({ ...line, isShown: !this.#hidden.has(line.name) }));
    this.#plot.show(this.#panel.range.edges, timesMs, shown, this.#marks);
    this.#legend.show(shown, this.#looks);
    this.#table.show(this.#label(), lines, this.#panel.now());
    this.#showValues(this.#plot.cursorIndex);
  }

  get #looks() {
    if (this.#drawn === undefined) return [];
    const { field, tag } = this.#drawn;
    return looksOf(this.#panel.looks(), { measurement: this.#summary.name, tag, field });
  }

  get #marks() {
    const field = this.#summary.fields.find(({ name }) => name === this.#drawn?.field);
    const options = { nowMs: this.#panel.now(), hasWords: true };
    return marksOf(field, this.#looks, this.#panel.way(), options);
  }

  /** Names the chart for screen readers; returns the name. */
  #label() {
    if (this.#drawn === undefined) return '';
    const { field, tag } = this.#drawn;
    const split = tag === undefined ? '' : ` by ${tag}`;
    const words = rangeWords(this.#panel.range.view, this.#panel.now());
    const callouts = this.#marks.callouts.map((callout) => `; ${callout.words}`).join('');
    const label = foreign(`${field}${split}, ${words}; newest values beside it${callouts}`, 400);
    this.#plotBox.setAttribute('aria-label', label);
    return label;
  }

  /** @param {Drawn} drawn */
  #sentenceAbout({ lines, tag, moreGroups }) {
    if (moreGroups) return `The first ${lines.length} lines; there are more. Compare… picks the ones to see.`;
    const { only, chooser } = this.setup;
    if (tag !== chooser.tag || lines.length === 0) return '';
    const missing = only.filter((device) => !lines.some(({ name }) => name === device));
    if (missing.length === 0) return '';
    return `No points of ${missing.map((name) => foreign(name, 60)).join(', ')} in this range.`;
  }

  get #valuesContext() {
    const { range, now } = this.#panel;
    const { unit } = this.#marks;
    return { unit, step: this.#plot.tickStep, looks: this.#looks, view: range.view, nowMs: now() };
  }

  /** @param {number | null} index */
  #showValues(index) {
    if (this.#drawn === undefined) return;
    this.#legend.showValues(valuesOf(this.#drawn, index, this.#valuesContext));
  }

  /** @param {number} by */
  #step(by) {
    const index = this.#plot.step(by);
    if (index === null || this.#drawn === undefined) return;
    this.#panel.announce(spokenValues(this.#drawn, index, this.#valuesContext, this.#hidden));
  }

  /** @param {string} name */
  #toggle(name) {
    if (!this.#hidden.delete(name)) this.#hidden.add(name);
    this.redraw();
  }

  #turnTable() {
    const isTable = this.#table.node.hidden;
    this.#asTable.setAttribute('aria-pressed', String(isTable));
    this.#table.node.hidden = !isTable;
    this.#body.hidden = isTable;
    this.redraw();
  }

  /** @param {string} sentence */
  #showNothing(sentence) {
    this.#drawn = undefined;
    this.node.classList.remove('is-asking');
    this.#legend.show([], []);
    this.#plot.show(this.#panel.range.edges, [], []);
    this.#states.say(sentence);
  }

  /** @param {string} sentence */
  #showNote(sentence) {
    setText(this.#note, sentence);
    this.#note.hidden = sentence === '';
  }
}
