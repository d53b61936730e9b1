import { measuredFields } from './chart-lines.js';
import { byId } from './dom.js';
import { SmallCard } from './small-card.js';

/** @import { ChartCard, ChartPanel } from './chart-card.js' */
/** @import { MeasurementSummary } from './types.js' */

const MAX_A_MEASUREMENT = 4;
const MAX_CARDS = 12;

/** Small charts of the fields that the large ones do not show. */
export class MoreFields {
  /** @type {Map<string, SmallCard>} */
  #cards = new Map();
  #panel;
  #view;
  #onOpen;
  #section = byId('more-fields');
  #box = byId('small-charts');

  /**
   * `view` notices which cards are in sight. `onOpen(measurement, field)`: the field is to be shown in the large chart.
   *
   * @param {ChartPanel} panel
   * @param {IntersectionObserver} view
   * @param {(measurement: string, field: string) => void} onOpen
   */
  constructor(panel, view, onOpen) {
    this.#panel = panel;
    this.#view = view;
    this.#onOpen = onOpen;
  }

  get cards() {
    return [...this.#cards.values()];
  }

  /** @param {ReadonlyMap<string, MeasurementSummary>} measurements @param {ReadonlyMap<string, ChartCard>} large */
  sync(measurements, large) {
    /** @type {Map<string, SmallCard>} */
    const wanted = new Map();
    for (const [name, card] of large) {
      const summary = measurements.get(name);
      if (summary === undefined) continue;
      const fields = measuredFields(summary.fields).filter((field) => field !== card.setup.field);
      for (const field of fields.slice(0, MAX_A_MEASUREMENT)) {
        if (wanted.size >= MAX_CARDS) break;
        const key = JSON.stringify([name, field]);
        wanted.set(key, this.#cards.get(key) ?? this.#made(summary, field, card));
      }
    }
    for (const [key, { node }] of this.#cards) {
      if (wanted.has(key)) continue;
      this.#view.unobserve(node);
      node.remove();
    }
    for (const [key, { node }] of wanted) {
      if (this.#cards.has(key)) continue;
      this.#box.append(node);
      this.#view.observe(node);
    }
    this.#cards = wanted;
    this.#section.hidden = wanted.size === 0;
  }

  /** @param {MeasurementSummary} summary @param {string} field @param {ChartCard} large */
  #made(summary, field, large) {
    return new SmallCard(summary, field, this.#panel, {
      large,
      onOpen: () => this.#onOpen(summary.name, field),
    });
  }
}
