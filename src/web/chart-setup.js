import { DeviceChooser } from './chart-chooser.js';
import { drawableFields } from './chart-lines.js';
import { fillSelect } from './chart-select.js';
import { element } from './dom.js';

/** @import { ChartChoice, MeasurementSummary } from './types.js' */

/**
 * The choices of a card: the field, and behind "Compare…" what is chosen seldom: the tag that splits the lines, and the
 * devices to compare.
 */
export class ChartSetup {
  fieldChoice;
  chooser;
  /** True once a person or a link has chosen the tag: then the card no longer looks for a good one. */
  isSplitChosen = false;
  #isFieldChosen = false;
  #field = element('select', { class: 'bare' });
  #by = element('select');

  /**
   * `chosen` is `{ field, by, tag, only }` of the link, with '' where nothing was chosen.
   *
   * @param {string} id
   * @param {MeasurementSummary} summary
   * @param {{ now: () => number; chosen: ChartChoice; onChange: () => void }} options
   */
  constructor(id, summary, { now, chosen, onChange }) {
    this.chooser = new DeviceChooser(id, summary, now, () => {
      this.#splitByChosen();
      onChange();
    });
    this.fieldChoice = element(
      'label',
      { class: 'field-choice' },
      element('span', { class: 'unseen' }, 'Field'),
      this.#field,
    );
    this.chooser.asks.prepend(element('label', {}, 'Line per', this.#by));
    this.#field.addEventListener('change', () => {
      this.#isFieldChosen = true;
      onChange();
    });
    this.#by.addEventListener('change', () => {
      this.isSplitChosen = true;
      onChange();
    });
    this.update(summary);
    this.set(chosen);
  }

  /** @param {MeasurementSummary} summary */
  update(summary) {
    const fields = drawableFields(summary.fields).map((name) => ({ name, value: name }));
    fillSelect(this.#field, fields);
    this.fieldChoice.hidden = fields.length === 0;
    const tags = summary.tags.map((name) => ({ name, value: `tag:${name}` }));
    fillSelect(this.#by, [...tags, { name: 'all together', value: 'all' }]);
    this.chooser.update(summary);
  }

  /**
   * Applies the choices of a link. A field or tag that does not exist leaves the choice unchanged.
   *
   * @param {ChartChoice} chosen
   */
  set({ field, by, tag, only }) {
    this.#isFieldChosen = pick(this.#field, field);
    this.isSplitChosen = pick(this.#by, by);
    this.chooser.choose(tag, only);
    if (!this.isSplitChosen) this.#splitByChosen();
  }

  /** The choices as they stand in the link. */
  get chosen() {
    const { tag, chosen } = this.chooser;
    return {
      field: this.#isFieldChosen ? this.#field.value : '',
      by: this.isSplitChosen ? this.#by.value : '',
      tag: chosen.length === 0 ? '' : tag,
      only: chosen,
    };
  }

  get field() {
    return this.#field.value;
  }

  /** @param {string} name */
  chooseField(name) {
    this.#isFieldChosen = pick(this.#field, name);
  }

  /** The tag that splits the lines; `undefined` draws all together. */
  get tag() {
    return this.#by.value.startsWith('tag:') ? this.#by.value.slice('tag:'.length) : undefined;
  }

  get only() {
    return this.chooser.chosen;
  }

  /** @param {string | undefined} tag */
  splitBy(tag) {
    pick(this.#by, `tag:${tag}`);
  }

  /** Draws a line for each of the compared devices. */
  #splitByChosen() {
    if (this.chooser.chosen.length === 0) return;
    this.isSplitChosen = pick(this.#by, `tag:${this.chooser.tag}`) || this.isSplitChosen;
  }
}

/** @param {HTMLSelectElement} select @param {string} value */
function pick(select, value) {
  if (![...select.options].some((option) => option.value === value)) return false;
  select.value = value;
  return true;
}
