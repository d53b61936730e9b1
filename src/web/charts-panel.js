import { ChartCard } from './chart-card.js';
import { ChartLink } from './chart-link.js';
import { inChartOrder, isOfPoints } from './chart-order.js';
import { RangeBar } from './chart-range-bar.js';
import { RangeControl } from './chart-range-control.js';
import { defaultView } from './default-view.js';
import { byId, setText } from './dom.js';
import { foreign } from './format.js';
import { MoreFields } from './more-fields.js';
import { failureOf, getJson } from './poll.js';
import { ResolutionMenu } from './resolution-menu.js';
import { wayOf } from './store-way.js';

/** @import { ChartPanel } from './chart-card.js' */
/** @import { SmallCard } from './small-card.js' */
/** @import { ChartChoice, ChartLook, Failure, LiveState, MeasurementSummary, Refresh, StoreWay } from './types.js' */

/** Names of measurements can come from topics: a thousand of them must not freeze the browser. */
const CARDS_A_STEP = 12;
/** @type {ChartChoice} */
const NOT_CHOSEN = { field: '', by: '', tag: '', only: [] };

/** One card for each measurement, and small ones for their other fields. All share one range of time. */
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
  /** Rows of windows stand in for their points in the charts of these: they get cards of their own only on demand. */
  #showsRows = false;
  #refresh;
  #range;
  #bar;
  #resolution;
  #more;
  /** @type {ChartPanel} */
  #shared;
  /** @type {StoreWay} */
  #way = { isAway: false };
  /** @type {readonly ChartLook[]} */
  #looks = [];
  /** Whether a range has been found that fits the store. */
  #hasSuggested = false;
  /** The gateway's clock minus the browser's. */
  #skewMs = 0;
  #box = byId('charts');
  #note = byId('charts-note');
  #moreCharts = byId('more-charts');
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
    this.#resolution = new ResolutionMenu(this.#range);
    this.#shared = {
      range: this.#range,
      now: this.now,
      announce: (sentence) => setText(this.#announcement, sentence),
      looks: () => this.#looks,
      way: () => this.#way,
      tryNow: refresh,
    };
    this.#more = new MoreFields(this.#shared, this.#view, (name, field) => this.#openField(name, field));
    this.#updateBar();
    this.#moreCharts.addEventListener('click', () => {
      const isPointsLeft = [...this.#measurements.values()].some(
        (summary) => !this.#cards.has(summary.name) && this.#isWanted(summary),
      );
      this.#maxCards += CARDS_A_STEP;
      this.#showsRows ||= !isPointsLeft;
      refresh();
    });
  }

  /** @param {string} measurement */
  has(measurement) {
    return this.#measurements.has(measurement);
  }

  now = () => Date.now() + this.#skewMs;

  get refreshMs() {
    return this.#range.refreshMs;
  }

  /** @param {LiveState} state */
  takeState(state) {
    const way = wayOf(state);
    const isSame =
      way.isAway === this.#way.isAway &&
      (way.waitingFromMs === undefined) === (this.#way.waitingFromMs === undefined);
    this.#way = way;
    if (isSame) return;
    this.#updateBar();
    for (const card of this.#all) card.redraw();
    // What waited is in the store now.
    if (!way.isAway) this.#refresh();
  }

  /**
   * The devices that need a look, the most urgent first.
   *
   * @param {readonly ChartLook[]} looks
   */
  showLooks(looks) {
    if (JSON.stringify(looks) === JSON.stringify(this.#looks)) return;
    this.#looks = looks;
    for (const card of this.#all) card.redraw();
  }

  /**
   * Lists the measurements, and with `isShown` draws the cards that are in view.
   *
   * @param {number} nowMs
   * @param {{ isShown: boolean }} options
   */
  async update(nowMs, { isShown }) {
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
    this.#updateBar();
    if (!isShown) return;
    await this.#suggestRange(answer.measurements.filter(isOfPoints));
    for (const card of this.#all) {
      if (!card.isInView || ('isDue' in card && !card.isDue)) continue;
      await card.refresh(this.#range.window).catch((thrown) => card.fail(failureOf(thrown), this.refreshMs));
      this.#updateBar();
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
    this.#choose(measurement, card.setup.chosen);
    card.focus();
  }

  /** @returns {readonly (ChartCard | SmallCard)[]} */
  get #all() {
    return [...this.#cards.values(), ...this.#more.cards];
  }

  #updateBar() {
    this.#bar.update(this.now(), this.#way);
    this.#resolution.update(
      [...this.#cards.values()].find(({ bucketMs }) => bucketMs !== undefined)?.bucketMs,
    );
  }

  #rangeChanged() {
    this.#updateBar();
    for (const card of this.#all) card.rescale();
    this.#refresh();
  }

  #followLink() {
    const { view, charts } = this.link.state;
    for (const [name, card] of this.#cards) card.setup.set(charts.get(name) ?? NOT_CHOSEN);
    this.#more.sync(this.#measurements, this.#cards);
    this.#range.follow(view);
  }

  /** @param {string} measurement @param {string} field */
  #openField(measurement, field) {
    const card = this.#cards.get(measurement);
    if (card === undefined) return;
    card.setup.chooseField(field);
    this.#choose(measurement, card.setup.chosen);
    card.focus();
  }

  /** @param {string} measurement @param {ChartChoice} chosen */
  #choose(measurement, chosen) {
    this.link.write({ charts: new Map(this.link.state.charts).set(measurement, chosen) });
    this.#more.sync(this.#measurements, this.#cards);
    for (const card of this.#more.cards) card.makeDue();
    this.#refresh();
  }

  /** @param {readonly MeasurementSummary[]} measurements */
  async #suggestRange(measurements) {
    if (this.#hasSuggested || measurements.length === 0) return;
    try {
      if (!this.#range.isChosen) this.#range.suggest(await defaultView(measurements, this.now()));
      this.#hasSuggested = true;
    } catch {
      // The charts are asked as well and say why the store does not answer; next time it is tried again.
    }
  }

  /** @param {Failure} failure */
  #showFailure({ code, message }) {
    this.isQueryable = code !== 'SINK_QUERY_UNSUPPORTED';
    this.onFailure({ code, message });
    if (!this.isQueryable) {
      for (const id of ['range-bar', 'custom-range', 'more-fields']) byId(id).hidden = true;
      this.#box.replaceChildren();
      this.#showNote(`This store cannot be queried from here, so there are no charts. ${foreign(message)}`);
      return;
    }
    this.#updateBar();
    for (const card of this.#all) card.rescale();
    const isSaid = this.#way.isAway && this.#cards.size > 0;
    this.#showNote(isSaid ? '' : `The store cannot be read now: ${foreign(message)}`);
  }

  /** @param {readonly MeasurementSummary[]} measurements */
  #syncCards(measurements) {
    const byName = new Map(measurements.map((summary) => [summary.name, summary]));
    this.#measurements = byName;
    if (this.#cards.size === 0) this.#box.replaceChildren();
    for (const [name, card] of this.#cards) {
      if (byName.has(name)) continue;
      this.#view.unobserve(card.node);
      card.node.remove();
      this.#cards.delete(name);
    }
    for (const summary of inChartOrder(measurements, this.#looks)) {
      const card = this.#cards.get(summary.name);
      if (card !== undefined) card.update(summary);
      else if (this.#cards.size < this.#maxCards && this.#isWanted(summary)) this.#add(summary);
    }
    this.#more.sync(byName, this.#cards);
    const rest = byName.size - this.#cards.size;
    this.#moreCharts.hidden = rest === 0;
    setText(this.#moreCharts, `Show more (${rest})`);
    this.#showNote(
      byName.size === 0 ? 'Nothing is in the store yet. Each measurement gets a chart here.' : '',
    );
  }

  /** @param {MeasurementSummary} summary */
  #isWanted({ name, rowsOf }) {
    return (
      this.#showsRows ||
      !this.#measurements.has(rowsOf?.measurement ?? '') ||
      this.link.state.charts.has(name)
    );
  }

  /** @param {MeasurementSummary} summary */
  #add(summary) {
    const card = new ChartCard(summary, this.#shared, {
      chosen: this.link.state.charts.get(summary.name) ?? NOT_CHOSEN,
      changed: (chosen) => this.#choose(summary.name, chosen),
    });
    this.#cards.set(summary.name, card);
    this.#box.append(card.node);
    this.#view.observe(card.node);
    return card;
  }

  /** @param {readonly IntersectionObserverEntry[]} entries */
  #noteVisible(entries) {
    for (const { target, isIntersecting } of entries) {
      const card = this.#all.find(({ node }) => node === target);
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
