import { ChartCard } from './chart-card.js';
import { RANGES } from './chart-lines.js';
import { byId, setText } from './dom.js';
import { foreign } from './format.js';
import { getJson } from './poll.js';

/** Names of measurements can come from topics: a thousand of them must not freeze the browser. */
const CARDS_A_STEP = 12;

/** A card a measurement; new ones come at the end by themselves. */
export class ChartsPanel {
  /** False once the store said that it cannot be asked. */
  isQueryable = true;
  #cards = new Map();
  #maxCards = CARDS_A_STEP;
  #refresh;
  #box = byId('charts');
  #note = byId('charts-note');
  #more = byId('more-charts');
  #view = new IntersectionObserver((entries) => this.#noteVisible(entries), { rootMargin: '400px' });

  /** `refresh`: asks the page to call `update` soon. */
  constructor(refresh) {
    this.#refresh = refresh;
    byId('ranges').addEventListener('change', refresh);
    this.#more.addEventListener('click', () => {
      this.#maxCards += CARDS_A_STEP;
      refresh();
    });
  }

  get range() {
    return RANGES[document.querySelector('input[name="range"]:checked').value];
  }

  /** Lists the measurements and draws the cards that are in view. */
  async update(nowMs) {
    let measurements;
    try {
      ({ measurements } = await getJson('/api/measurements'));
    } catch (failure) {
      this.#showFailure(failure);
      return;
    }
    this.#syncCards(measurements);
    for (const card of [...this.#cards.values()]) {
      if (card.isInView) await card.refresh(this.range, nowMs).catch((failure) => card.fail(failure.message));
    }
  }

  #showFailure({ code, message }) {
    this.isQueryable = code !== 'SINK_QUERY_UNSUPPORTED';
    if (this.isQueryable) {
      this.#say(`The store cannot be read now: ${foreign(message)}`);
      return;
    }
    byId('ranges').hidden = true;
    this.#box.replaceChildren();
    this.#say(`This store cannot be queried from here, so there are no charts. ${foreign(message)}`);
  }

  #syncCards(measurements) {
    const byName = new Map(measurements.map((summary) => [summary.name, summary]));
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
    const card = new ChartCard(summary, () => this.#refresh());
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
