import { DeviceChooser } from './chart-chooser.js';
import { drawableFields } from './chart-lines.js';
import { fillSelect } from './chart-select.js';
import { element } from './dom.js';

/** What a card is set to draw: field, a line per value of which tag, and which devices only. */
export class ChartSetup {
  choices;
  chooser;
  /** A person, or a link, said by which tag to split: no more looking for a good one. */
  isSplitChosen = false;
  #isFieldChosen = false;
  #field = element('select');
  #by = element('select');

  /** `chosen`: `{ field, by, tag, only }` of the link, '' where nothing was chosen. */
  constructor(id, summary, { now, chosen, onChange }) {
    this.chooser = new DeviceChooser(id, summary, now, () => {
      this.#splitByChosen();
      onChange();
    });
    this.choices = element(
      'div',
      { class: 'choices' },
      element('label', {}, 'Field', this.#field),
      element('label', {}, 'Line per', this.#by),
      this.chooser.toggle,
    );
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

  update(summary) {
    const fields = drawableFields(summary.fields).map((name) => ({ name, value: name }));
    fillSelect(this.#field, fields);
    this.choices.hidden = fields.length === 0;
    const tags = summary.tags.map((name) => ({ name, value: `tag:${name}` }));
    fillSelect(this.#by, [...tags, { name: 'all together', value: 'all' }]);
    this.chooser.update(summary);
  }

  /** Takes over what a link says; a field or tag that is not there stays as it was. */
  set({ field, by, tag, only }) {
    this.#isFieldChosen = pick(this.#field, field);
    this.isSplitChosen = pick(this.#by, by);
    this.chooser.choose(tag, only);
    if (!this.isSplitChosen) this.#splitByChosen();
  }

  /** For the link. */
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

  /** `undefined`: all together. */
  get tag() {
    return this.#by.value.startsWith('tag:') ? this.#by.value.slice('tag:'.length) : undefined;
  }

  get only() {
    return this.chooser.chosen;
  }

  splitBy(tag) {
    pick(this.#by, `tag:${tag}`);
  }

  /** Devices are compared a line each. */
  #splitByChosen() {
    if (this.chooser.chosen.length === 0) return;
    this.isSplitChosen = pick(this.#by, `tag:${this.chooser.tag}`) || this.isSplitChosen;
  }
}

function pick(select, value) {
  if (![...select.options].some((option) => option.value === value)) return false;
  select.value = value;
  return true;
}
