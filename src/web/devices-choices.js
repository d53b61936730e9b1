import { SILENT_AFTER_S } from './chart-hash.js';
import { fillSelect } from './chart-select.js';
import { silentWords } from './devices-view.js';
import { byId } from './dom.js';

/** @typedef {'measurement' | 'tag' | 'search' | 'order' | 'silent'} ChoiceName */

const SEARCH_AFTER_MS = 250;

/** What of the devices is to be seen: measurement, tag, search, order, and when a device counts as silent. */
export class DevicesChoices {
  #measurement = byId('devices-measurement', HTMLSelectElement);
  #tag = byId('devices-tag', HTMLSelectElement);
  #search = byId('devices-search', HTMLInputElement);
  #order = byId('devices-order', HTMLSelectElement);
  #silent = byId('devices-silent', HTMLSelectElement);
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #searchTimer;

  /**
   * `onChange(name)`: which of `measurement`, `tag`, `search`, `order` and `silent` has changed.
   *
   * @param {number} silentAfterS
   * @param {(name: ChoiceName) => void} onChange
   */
  constructor(silentAfterS, onChange) {
    fillSelect(
      this.#silent,
      SILENT_AFTER_S.map((seconds) => ({ name: silentWords(seconds), value: String(seconds) })),
    );
    this.#silent.value = String(silentAfterS);
    this.#measurement.addEventListener('change', () => onChange('measurement'));
    this.#tag.addEventListener('change', () => onChange('tag'));
    this.#order.addEventListener('change', () => onChange('order'));
    this.#silent.addEventListener('change', () => onChange('silent'));
    this.#search.addEventListener('input', () => {
      clearTimeout(this.#searchTimer);
      this.#searchTimer = setTimeout(() => onChange('search'), SEARCH_AFTER_MS);
    });
  }

  /** @param {readonly string[]} names */
  showMeasurements(names) {
    fillSelect(
      this.#measurement,
      names.map((name) => ({ name, value: name })),
    );
  }

  /** @param {readonly string[]} tags */
  showTags(tags) {
    fillSelect(
      this.#tag,
      tags.map((name) => ({ name, value: name })),
    );
  }

  get measurement() {
    return this.#measurement.value;
  }

  set measurement(name) {
    this.#measurement.value = name;
  }

  get tag() {
    return this.#tag.value;
  }

  set tag(name) {
    this.#tag.value = name;
  }

  get search() {
    return this.#search.value;
  }

  get order() {
    return this.#order.value;
  }

  get silentAfterS() {
    return Number(this.#silent.value);
  }

  set silentAfterS(seconds) {
    this.#silent.value = String(seconds);
  }
}
