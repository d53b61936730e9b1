import { ChartCard } from './chart-card.js';
import { ChartLink } from './chart-link.js';
import { refreshEveryMs, windowOf } from './chart-range.js';
import { RangeBar } from './chart-range-bar.js';
import { RangeControl } from './chart-range-control.js';
import { byId, setText } from './dom.js';
import { foreign } from './format.js';
import { getJson } from './poll.js';

/** Names of measurements can come from topics: a thousand of them must not freeze the browser. */
const CARDS_A_STEP = 12;
const NOT_CHOSEN = { field: '', by: '', tag: '', only: [] };

/** A card a measurement; new ones come at the end by themselves. All share one range of time. */
export class ChartsPanel {
  /** False once the store said that it cannot be asked. */
  isQueryable = true;
  link;
  /** Called with each list of measurements, and with the failure to get one. */
  onMeasurements = () => {};
  onFailure = () => {};
  #measurements = new Map();
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
  #said = byId('charts-said');
  #view = new IntersectionObserver((entries) => this.#noteVisible(entries), { rootMargin: '400px' });

  /** `refresh`: asks the page to call `update` soon. */
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

  /** Lists the measurements and draws the cards that are in view. */
  async update(nowMs) {
    this.#skewMs = nowMs - Date.now();
    let measurements;
    try {
      ({ measurements } = await getJson('/api/measurements'));
    } catch (failure) {
      this.#showFailure(failure);
      return;
    }
    this.#syncCards(measurements);
    this.onMeasurements(measurements);
    this.#bar.update(nowMs);
    for (const card of [...this.#cards.values()]) {
      if (!card.isInView) continue;
      const window = windowOf(this.#range.view, this.now());
      await card.refresh(window).catch((failure) => card.fail(failure.message));
    }
  }

  /** Draws one device alone, and brings its chart into view. */
  show(measurement, tag, device) {
    const summary = this.#measurements.get(measurement);
    if (summary === undefined) return;
    if (!this.#cards.has(measurement)) this.#add(summary);
    const card = this.#cards.get(measurement);
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

  #remember(measurement, chosen) {
    this.link.write({ charts: new Map(this.link.state.charts).set(measurement, chosen) });
  }

  #showFailure({ code, message }) {
    this.isQueryable = code !== 'SINK_QUERY_UNSUPPORTED';
    this.onFailure({ code, message });
    if (this.isQueryable) {
      this.#say(`The store cannot be read now: ${foreign(message)}`);
      return;
    }
    byId('range-bar').hidden = true;
    byId('custom-range').hidden = true;
    this.#box.replaceChildren();
    this.#say(`This store cannot be queried from here, so there are no charts. ${foreign(message)}`);
  }

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
      if (this.#cards.has(name)) this.#cards.get(name).update(summary);
      else if (this.#cards.size < this.#maxCards) this.#add(summary);
    }
    const rest = byName.size - this.#cards.size;
    this.#more.hidden = rest === 0;
    setText(this.#more, `Show more (${rest})`);
    this.#say(byName.size === 0 ? 'Nothing is in the store yet. Each measurement gets a chart here.' : '');
  }

  #add(summary) {
    const card = new ChartCard(summary, {
      range: this.#range,
      now: this.now,
      say: (sentence) => setText(this.#said, sentence),
      chosen: this.link.state.charts.get(summary.name) ?? NOT_CHOSEN,
      changed: (chosen) => {
        this.#remember(summary.name, chosen);
        this.#refresh();
      },
    });
    this.#cards.set(summary.name, card);
    this.#box.append(card.node);
    this.#view.observe(card.node);
  }

  #noteVisible(entries) {
    for (const { target, isIntersecting } of entries) {
      const card = [...this.#cards.values()].find(({ node }) => node === target);
      if (card === undefined) continue;
      const cameIntoView = isIntersecting && !card.isInView;
      card.isInView = isIntersecting;
      if (cameIntoView) this.#refresh();
    }
  }

  #say(sentence) {
    setText(this.#note, sentence);
    this.#note.hidden = sentence === '';
  }
}
