import { ChartGestures } from './chart-gestures.js';
import { bestSplit, hasValues, meanWords } from './chart-lines.js';
import { seriesRequest } from './chart-request.js';
import { ChartSetup } from './chart-setup.js';
import { ChartTable } from './chart-table.js';
import { momentOf, rangeWords } from './chart-time.js';
import { element, setText } from './dom.js';
import { foreign, value } from './format.js';
import { LineLegend } from './line-legend.js';
import { LinePlot } from './line-plot.js';
import { lineStyle, stylesOf } from './line-styles.js';
import { getJson } from './poll.js';

/** @import { RangeControl } from './chart-range-control.js' */
/** @import { ChartChoice, Drawn, Line, MeasurementSummary, SeriesResponse, Window } from './types.js' */

/**
 * @typedef {object} ChartPanel
 * @property {RangeControl} range
 * @property {() => number} now
 * @property {(sentence: string) => void} announce
 * @property {ChartChoice} chosen
 * @property {(chosen: ChartChoice) => void} changed
 */

/** Tags that are tried when the card looks for a good one. Each try is a query to the store. */
const MAX_TRIED_TAGS = 4;
/** While there is only one line, the card looks again this often: a second device may have appeared. */
const LOOK_AGAIN_MS = 15_000;
let cards = 0;

/** One measurement: a field drawn over time, a line per value of a tag. */
export class ChartCard {
  node;
  isInView = true;
  setup;
  #summary;
  #panel;
  #plotBox = element('div', { class: 'plot', role: 'img', tabindex: '0', 'aria-describedby': 'chart-keys' });
  #at = element('p', { class: 'at' });
  #asTable = element('button', { type: 'button', class: 'quiet', 'aria-pressed': 'false' }, 'As table');
  #list = element('ul', { class: 'lines', 'aria-label': 'Lines' });
  #note = element('p', { class: 'note', hidden: '' });
  #table = new ChartTable();
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
  #looksAgainAtMs = 0;

  /**
   * `panel` gives `range`, `now()`, `announce(sentence)` for screen readers, the `chosen` of the link, and `changed()`,
   * which is called when the person chose something else.
   *
   * @param {MeasurementSummary} summary
   * @param {ChartPanel} panel
   */
  constructor(summary, panel) {
    cards += 1;
    this.#panel = panel;
    this.#summary = summary;
    const id = `chart-${cards}`;
    this.setup = new ChartSetup(id, summary, {
      now: panel.now,
      chosen: panel.chosen,
      onChange: () => this.#panel.changed(this.setup.chosen),
    });
    this.node = element(
      'article',
      { class: 'card', 'aria-labelledby': id },
      element(
        'div',
        { class: 'card-head' },
        element('h3', { id }, foreign(summary.name, 120)),
        this.setup.choices,
      ),
      this.setup.chooser.box,
      this.setup.chooser.chips,
      this.#plotBox,
      element('div', { class: 'readout' }, this.#at, this.#asTable),
      this.#list,
      this.#table.node,
      this.#note,
    );
    this.#plot = new LinePlot(this.#plotBox, (index) => this.#showValues(index));
    this.#legend = new LineLegend(this.#list, (name) => this.#toggle(name));
    new ChartGestures(this.#plotBox, this.#plot, panel.range, (by) => this.#step(by));
    this.#asTable.addEventListener('click', () => this.#turnTable());
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
    const { tag, only } = this.setup;
    const answer = await this.#ask(field, tag, window);
    const names = answer.groups.map(({ name }) => name);
    const styles = stylesOf(this.#summary.name, tag ?? '', names);
    const lines = answer.groups.map((group) => ({
      ...group,
      label: tag === undefined ? field : group.name || `(without ${tag})`,
      style: styles.get(group.name) ?? lineStyle(0),
    }));
    lines.sort(byLabel);
    this.#drawn = { timesMs: answer.timesMs, lines, bucketMs: answer.bucketMs, field, tag };
    this.#draw(this.#drawn);
    const sentence = this.#sentenceAbout(answer, names, tag, only);
    this.#showNote([sentence, foreign(meanWords(lines))].filter((part) => part !== '').join(' '));
  }

  /** Stretches what is drawn to the new range until the store has answered. */
  rescale() {
    this.#label();
    this.#plot.scaleTo(this.#panel.range.edges);
  }

  /**
   * Keeps what is drawn, with a sentence that says why it may be old.
   *
   * @param {string} reason
   */
  fail(reason) {
    this.#showNote(`The store did not answer: ${foreign(reason)}`);
  }

  focus() {
    this.node.scrollIntoView({ block: 'center' });
    this.#plotBox.focus({ preventScroll: true });
  }

  /** @param {string} field @param {Window} window */
  async #lookForSplit(field, window) {
    const tags = this.#summary.tags.slice(0, MAX_TRIED_TAGS);
    const isDue = performance.now() >= this.#looksAgainAtMs;
    const hasLines = (this.#drawn?.lines.length ?? 0) > 1;
    if (this.setup.isSplitChosen || tags.length < 2 || hasLines || !isDue) return;
    this.#looksAgainAtMs = performance.now() + LOOK_AGAIN_MS;
    /** @type {{ tag: string, lines: number }[]} */
    const lineCounts = [];
    for (const tag of tags) {
      const { groups } = await this.#ask(field, tag, { ...window, buckets: 1 });
      lineCounts.push({ tag, lines: groups.length });
    }
    // The person may have chosen while the store was asked.
    if (!this.setup.isSplitChosen) this.setup.splitBy(bestSplit(lineCounts));
  }

  /**
   * @param {string} field
   * @param {string | undefined} by
   * @param {Window} window
   * @returns {Promise<SeriesResponse>}
   */
  #ask(field, by, window) {
    const { only, chooser } = this.setup;
    const measurement = this.#summary.name;
    return getJson(
      '/api/series',
      seriesRequest({ measurement, field, by, onlyTag: chooser.tag, only }, window),
    );
  }

  /** @param {Drawn} drawn */
  #draw({ timesMs, lines }) {
    const shown = lines.map((line) => ({ ...line, isShown: !this.#hidden.has(line.name) }));
    this.#plotBox.hidden = this.#isTable;
    this.#asTable.hidden = false;
    if (!this.#isTable) this.#plot.show(this.#panel.range.edges, timesMs, shown);
    this.#legend.show(shown);
    this.#table.show(this.#label(), lines, this.#panel.now());
    this.#showValues(this.#plot.cursorIndex);
  }

  /** Names the chart for screen readers; returns the name. */
  #label() {
    if (this.#drawn === undefined) return '';
    const { field, tag } = this.#drawn;
    const split = tag === undefined ? '' : ` by ${tag}`;
    const words = rangeWords(this.#panel.range.view, this.#panel.now());
    const label = foreign(`${field}${split}, ${words}; newest values below`);
    this.#plotBox.setAttribute('aria-label', label);
    return label;
  }

  /**
   * @param {SeriesResponse} answer
   * @param {readonly string[]} names
   * @param {string | undefined} tag
   * @param {readonly string[]} only
   */
  #sentenceAbout({ groups, moreGroups }, names, tag, only) {
    const words = rangeWords(this.#panel.range.view, this.#panel.now());
    if (!hasValues(groups)) return `No points in this range: ${words}.`;
    if (moreGroups)
      return `The first ${groups.length} lines; there are more. Compare… picks the ones to see.`;
    const missing = tag === this.setup.chooser.tag ? only.filter((name) => !names.includes(name)) : [];
    if (missing.length === 0) return '';
    return `No points of ${missing.map((name) => foreign(name, 60)).join(', ')} in this range.`;
  }

  /** @param {number | null} index */
  #showValues(index) {
    if (this.#drawn === undefined) return;
    const { timesMs, lines, bucketMs } = this.#drawn;
    const atMs = index === null ? undefined : timesMs[index];
    if (index === null || atMs === undefined) {
      this.#legend.showValues(lines.map(({ statistics }) => statistics.last?.value ?? null));
      setText(this.#at, lines.length > 0 ? 'Newest values' : '');
      return;
    }
    this.#legend.showValues(lines.map(({ values }) => values[index] ?? null));
    setText(this.#at, momentOf(atMs, bucketMs, this.#panel.now()));
  }

  /** @param {number} by */
  #step(by) {
    const index = this.#plot.step(by);
    if (index === null || this.#drawn === undefined) return;
    const { timesMs, lines, bucketMs } = this.#drawn;
    const shown = lines.filter(({ name }) => !this.#hidden.has(name));
    const values = shown.map((line) => `${foreign(line.label, 40)} ${value(line.values[index])}`);
    const at = momentOf(timesMs[index], bucketMs, this.#panel.now());
    this.#panel.announce(`${at}: ${values.join(', ')}`);
  }

  /** @param {string} name */
  #toggle(name) {
    if (!this.#hidden.delete(name)) this.#hidden.add(name);
    if (this.#drawn !== undefined) this.#draw(this.#drawn);
  }

  get #isTable() {
    return this.#asTable.getAttribute('aria-pressed') === 'true';
  }

  #turnTable() {
    const isTable = !this.#isTable;
    this.#asTable.setAttribute('aria-pressed', String(isTable));
    this.#table.node.hidden = !isTable;
    this.#list.hidden = isTable;
    this.#at.hidden = isTable;
    if (this.#drawn !== undefined) this.#draw(this.#drawn);
  }

  /** @param {string} sentence */
  #showNothing(sentence) {
    this.#drawn = undefined;
    this.#plotBox.hidden = true;
    this.#legend.show([]);
    setText(this.#at, '');
    this.#asTable.hidden = true;
    this.#showNote(sentence);
  }

  /** @param {string} sentence */
  #showNote(sentence) {
    setText(this.#note, sentence);
    this.#note.hidden = sentence === '';
  }
}

/** @param {Line} a @param {Line} b */
function byLabel(a, b) {
  return a.label.localeCompare(b.label, 'en', { numeric: true });
}
