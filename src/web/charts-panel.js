import { ChartCard } from './chart-card.js';
import { ChartLink } from './chart-link.js';
import { refreshEveryMs, windowOf } from './chart-range.js';
import { RangeBar } from './chart-range-bar.js';
import { RangeControl } from './chart-range-control.js';
import { byId, setText } from './dom.js';
import { foreign } from './format.js';
import { failureOf, getJson } from './poll.js';

/** @import { ChartChoice, Failure, MeasurementSummary, Refresh } from './types.js' */

/** Names of measurements can come from topics: a thousand of them must not freeze the browser. */
const CARDS_A_STEP = 12;
/** @type {ChartChoice} */
const NOT_CHOSEN = { field: '', by: '', tag: '', only: [] };

/** One card for each measurement; cards of new measurements are added at the end. All share one range of time. */
export class ChartsPanel {
  /** False once the store has answered that it cannot be queried. */
  isQueryable = true;
  link;
  /** `onMeasurements` is called with each list of measurements, `onFailure` when a list could not be read. */
  /** @type {(measurements: readonly MeasurementSummary[]) => void} */
  onMeasurements = () => {};
  /** @type {(failure: Failure) => void} */
  onFailure = () => {};
  /** @type {ReadonlyMap<string, MeasurementSummary>} */
  #measurements = new Map();
  /** @type {Map<string, ChartCard>} */
  #cards = new Map();
  #maxCards = CARDS_A_STEP;
  #refresh;
  #range;
  #bar;
  /** The gateway's clock minus the browser's. */
  #skewMs = 0;
  #box = byId('charts');
  #note = byId('charts-note');
  #more = byId('more-charts');
  #announcement = byId('charts-announcement');
  #view = new IntersectionObserver((entries) => this.#noteVisible(entries), { rootMargin: '400px' });

  /**
   * `refresh`: asks the page to call `update` soon.
   *
   * @param {Refresh} refresh
   */
  constructor(refresh) {
    this.#refresh = refresh;
    this.link = new ChartLink(() => this.#followLink());
    this.#range = new RangeControl(this.link, this.now, () => this.#rangeChanged());
    this.#bar = new RangeBar(this.#range);
    this.#bar.update(this.now());
    this.#more.addEventListener('click', () => {
      this.#maxCards += CARDS_A_STEP;
      refresh();
    });
  }

  now = () => Date.now() + this.#skewMs;

  get refreshMs() {
    return refreshEveryMs(this.#range.view);
  }

  /**
   * Lists the measurements and draws the cards that are in view.
   *
   * @param {number} nowMs
   */
  async update(nowMs) {
    this.#skewMs = nowMs - Date.now();
    /** @type {{ measurements: readonly MeasurementSummary[] }} */
    let answer;
    try {
      answer = await getJson('/api/measurements');
    } catch (thrown) {
      this.#showFailure(failureOf(thrown));
      return;
    }
    this.#syncCards(answer.measurements);
    this.onMeasurements(answer.measurements);
    this.#bar.update(nowMs);
    for (const card of [...this.#cards.values()]) {
      if (!card.isInView) continue;
      const window = windowOf(this.#range.view, this.now());
      await card.refresh(window).catch((thrown) => card.fail(failureOf(thrown).message));
    }
  }

  /**
   * Draws one device alone, and brings its chart into view.
   *
   * @param {string} measurement
   * @param {string} tag
   * @param {string} device
   */
  show(measurement, tag, device) {
    const summary = this.#measurements.get(measurement);
    if (summary === undefined) return;
    const card = this.#cards.get(measurement) ?? this.#add(summary);
    card.setup.set({ field: '', by: '', tag, only: [device] });
    this.#remember(measurement, card.setup.chosen);
    card.focus();
    this.#refresh();
  }

  #rangeChanged() {
    this.#bar.update(this.now());
    for (const card of this.#cards.values()) card.rescale();
    this.#refresh();
  }

  #followLink() {
    const { view, charts } = this.link.state;
    for (const [name, card] of this.#cards) card.setup.set(charts.get(name) ?? NOT_CHOSEN);
    this.#range.follow(view);
  }

  /** @param {string} measurement @param {ChartChoice} chosen */
  #remember(measurement, chosen) {
    this.link.write({ charts: new Map(this.link.state.charts).set(measurement, chosen) });
  }

  /** @param {Failure} failure */
  #showFailure({ code, message }) {
    this.isQueryable = code !== 'SINK_QUERY_UNSUPPORTED';
    this.onFailure({ code, message });
    if (this.isQueryable) {
      this.#showNote(`The store cannot be read now: ${foreign(message)}`);
      return;
    }
    byId('range-bar').hidden = true;
    byId('custom-range').hidden = true;
    this.#box.replaceChildren();
    this.#showNote(`This store cannot be queried from here, so there are no charts. ${foreign(message)}`);
  }

  /** @param {readonly MeasurementSummary[]} measurements */
  #syncCards(measurements) {
    const byName = new Map(measurements.map((summary) => [summary.name, summary]));
    this.#measurements = byName;
    for (const [name, card] of this.#cards) {
      if (byName.has(name)) continue;
      this.#view.unobserve(card.node);
      card.node.remove();
      this.#cards.delete(name);
    }
    for (const [name, summary] of byName) {
      const card = this.#cards.get(name);
      if (card !== undefined) card.update(summary);
      else if (this.#cards.size < this.#maxCards) this.#add(summary);
    }
    const rest = byName.size - this.#cards.size;
    this.#more.hidden = rest === 0;
    setText(this.#more, `Show more (${rest})`);
    this.#showNote(
      byName.size === 0 ? 'Nothing is in the store yet. Each measurement gets a chart here.' : '',
    );
  }

  /** @param {MeasurementSummary} summary */
  #add(summary) {
    const card = new ChartCard(summary, {
      range: this.#range,
      now: this.now,
      announce: (sentence) => setText(this.#announcement, sentence),
      chosen: this.link.state.charts.get(summary.name) ?? NOT_CHOSEN,
      changed: (chosen) => {
        this.#remember(summary.name, chosen);
        this.#refresh();
      },
    });
    this.#cards.set(summary.name, card);
    this.#box.append(card.node);
    this.#view.observe(card.node);
    return card;
  }

  /** @param {readonly IntersectionObserverEntry[]} entries */
  #noteVisible(entries) {
    for (const { target, isIntersecting } of entries) {
      const card = [...this.#cards.values()].find(({ node }) => node === target);
      if (card === undefined) continue;
      const cameIntoView = isIntersecting && !card.isInView;
      card.isInView = isIntersecting;
      if (cameIntoView) this.#refresh();
    }
  }

  /** @param {string} sentence */
  #showNote(sentence) {
    setText(this.#note, sentence);
    this.#note.hidden = sentence === '';
  }
}
