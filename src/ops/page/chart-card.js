import { bestSplit, drawableFields, hasValues, newestValue, windowOf } from './chart-lines.js';
import { element, setText } from './dom.js';
import { foreign } from './format.js';
import { LineLegend } from './line-legend.js';
import { LinePlot, lineStyle } from './line-plot.js';
import { getJson } from './poll.js';

/** Tags that are tried when the card looks for a good one; the questions go to the store. */
const MAX_TRIED_TAGS = 4;
/** While there is one line only, look again so often: a second device may have come. */
const LOOK_AGAIN_MS = 15_000;
let cards = 0;

/** One measurement: a field drawn over time, a line per value of a tag. */
export class ChartCard {
  node;
  isInView = true;
  #summary;
  #field;
  #by;
  #plotBox;
  #note;
  #choices;
  #plot;
  #legend;
  #lines = [];
  #hidden = new Set();
  #styles = new Map();
  #isSplitChosen = false;
  #looksAgainAtMs = 0;

  /** `refresh`: called when the person chose something else to see. */
  constructor(summary, refresh) {
    cards += 1;
    const title = element('h3', { id: `chart-${cards}` }, foreign(summary.name, 120));
    this.#field = element('select');
    this.#by = element('select');
    this.#plotBox = element('div', { class: 'plot', role: 'img' });
    this.#choices = element(
      'div',
      { class: 'choices' },
      element('label', {}, 'Field', this.#field),
      element('label', {}, 'Line per', this.#by),
    );
    this.#note = element('p', { class: 'note', hidden: '' });
    const list = element('ul', { class: 'lines', 'aria-label': 'Lines' });
    this.node = element(
      'article',
      { class: 'card', 'aria-labelledby': title.id },
      element('div', { class: 'card-head' }, title, this.#choices),
      this.#plotBox,
      list,
      this.#note,
    );
    this.#plot = new LinePlot(this.#plotBox, (index) => this.#showValues(index));
    this.#legend = new LineLegend(list, (name) => this.#toggle(name, refresh));
    this.#field.addEventListener('change', refresh);
    this.#by.addEventListener('change', () => {
      this.#isSplitChosen = true;
      this.#styles.clear();
      this.#hidden.clear();
      refresh();
    });
    this.update(summary);
  }

  /** Fields and tags grow while devices report new ones. */
  update(summary) {
    if (JSON.stringify(summary) === JSON.stringify(this.#summary)) return;
    this.#summary = summary;
    fillSelect(
      this.#field,
      drawableFields(summary.fields).map((name) => ({ name, value: name })),
    );
    this.#choices.hidden = this.#field.value === '';
    const tags = summary.tags.map((name) => ({ name, value: `tag:${name}` }));
    fillSelect(this.#by, [...tags, { name: 'all together', value: 'all' }]);
  }

  /** Rejects with AnswerError. */
  async refresh(range, nowMs) {
    const field = this.#field.value;
    if (field === '') {
      this.#clear('It has no numeric field to draw.');
      return;
    }
    const window = windowOf(range, nowMs);
    await this.#lookForSplit(field, window);
    const tag = this.#tag();
    const answer = await this.#ask(field, tag, window);
    if (!hasValues(answer.groups)) {
      this.#clear(`No points in the ${range.words}.`);
      return;
    }
    this.#lines = answer.groups.map((group) => this.#line(group, tag, field)).toSorted(byLabel);
    this.#draw(window, answer, { field, tag, range });
  }

  /** What is drawn stays; the sentence says why it may be old. */
  fail(reason) {
    this.#say(`The store did not answer: ${foreign(reason)}`);
  }

  async #lookForSplit(field, window) {
    const tags = this.#summary.tags.slice(0, MAX_TRIED_TAGS);
    const isDue = performance.now() >= this.#looksAgainAtMs;
    if (this.#isSplitChosen || tags.length < 2 || this.#lines.length > 1 || !isDue) return;
    this.#looksAgainAtMs = performance.now() + LOOK_AGAIN_MS;
    const lineCounts = [];
    for (const tag of tags) {
      const { groups } = await this.#ask(field, tag, { ...window, buckets: 1 });
      lineCounts.push({ tag, lines: groups.length });
    }
    // The person may have chosen while the store was asked.
    if (!this.#isSplitChosen) this.#by.value = `tag:${bestSplit(lineCounts)}`;
  }

  #ask(field, tag, { fromMs, toMs, buckets }) {
    return getJson('/api/series', {
      measurement: this.#summary.name,
      field,
      from: String(fromMs),
      to: String(toMs),
      buckets: String(buckets),
      ...(tag === undefined ? {} : { by: tag }),
    });
  }

  #line({ name, values }, tag, field) {
    // A line keeps its colour when others come and go.
    if (!this.#styles.has(name)) this.#styles.set(name, lineStyle(this.#styles.size));
    const label = tag === undefined ? field : name || `(without ${tag})`;
    return { name, label, values, style: this.#styles.get(name), isShown: !this.#hidden.has(name) };
  }

  #draw(window, { timesMs, moreGroups }, { field, tag, range }) {
    this.#plotBox.hidden = false;
    const split = tag === undefined ? '' : ` by ${tag}`;
    this.#plotBox.setAttribute(
      'aria-label',
      foreign(`${field}${split}, ${range.words}; newest values below`),
    );
    this.#plot.show(window, timesMs, this.#lines);
    this.#legend.show(this.#lines);
    this.#showValues(null);
    this.#say(moreGroups ? `The first ${this.#lines.length} lines; there are more.` : '');
  }

  #showValues(index) {
    this.#legend.showValues(
      this.#lines.map(({ values }) => (index === null ? newestValue(values) : (values[index] ?? null))),
    );
  }

  #toggle(name, refresh) {
    if (!this.#hidden.delete(name)) this.#hidden.add(name);
    refresh();
  }

  #tag() {
    return this.#by.value.startsWith('tag:') ? this.#by.value.slice('tag:'.length) : undefined;
  }

  #clear(sentence) {
    this.#lines = [];
    this.#plot.clear();
    this.#legend.show([]);
    this.#plotBox.hidden = true;
    this.#say(sentence);
  }

  #say(sentence) {
    setText(this.#note, sentence);
    this.#note.hidden = sentence === '';
  }
}

function byLabel(a, b) {
  return a.label.localeCompare(b.label, 'en', { numeric: true });
}

/** Keeps what was chosen if it is still there. */
function fillSelect(select, choices) {
  const chosen = select.value;
  select.replaceChildren(
    ...choices.map(({ name, value }) => element('option', { value }, foreign(name, 60))),
  );
  if (choices.some(({ value }) => value === chosen)) select.value = chosen;
  select.disabled = choices.length < 2;
}
