import { SILENT_AFTER_S } from './chart-hash.js';
import { fillSelect } from './chart-select.js';
import { silentWords } from './devices-view.js';
import { byId, setText } from './dom.js';
import { count } from './format.js';

/** @typedef {'search' | 'filter' | 'order' | 'silent'} ChoiceName */
/** @typedef {'all' | 'look' | 'reporting'} Filter */

const SEARCH_AFTER_MS = 250;

/** Which devices are to be seen and in which order: search, filter, order, and when a device counts as silent. */
export class DevicesChoices {
  #search = byId('devices-search', HTMLInputElement);
  #filters = byId('devices-filter');
  #order = byId('devices-order', HTMLSelectElement);
  #silent = byId('devices-silent', HTMLSelectElement);
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #searchTimer;

  /**
   * @param {number} silentAfterS
   * @param {(name: ChoiceName) => void} onChange
   */
  constructor(silentAfterS, onChange) {
    fillSelect(
      this.#silent,
      SILENT_AFTER_S.map((seconds) => ({ name: silentWords(seconds), value: String(seconds) })),
    );
    this.#silent.value = String(silentAfterS);
    this.#order.addEventListener('change', () => onChange('order'));
    this.#silent.addEventListener('change', () => onChange('silent'));
    this.#filters.addEventListener('change', () => onChange('filter'));
    this.#search.addEventListener('input', () => {
      clearTimeout(this.#searchTimer);
      this.#searchTimer = setTimeout(() => onChange('search'), SEARCH_AFTER_MS);
    });
  }

  /**
   * Writes how many devices each filter shows; nothing where that cannot be known.
   *
   * @param {{ devices: number, needLook: number } | undefined} known
   */
  showCounts(known) {
    /** @param {string} id @param {number | undefined} number */
    const show = (id, number) => setText(byId(id), number === undefined ? '' : ` ${count(number)}`);
    show('devices-all', known?.devices);
    show('devices-look', known?.needLook);
    show('devices-reporting', known && Math.max(0, known.devices - known.needLook));
  }

  get search() {
    return this.#search.value;
  }

  /** @returns {Filter} */
  get filter() {
    const chosen = this.#filters.querySelector('input:checked');
    const value = chosen instanceof HTMLInputElement ? chosen.value : 'all';
    return value === 'look' || value === 'reporting' ? value : 'all';
  }

  /** @param {Filter} filter */
  set filter(filter) {
    const input = this.#filters.querySelector(`input[value="${filter}"]`);
    if (input instanceof HTMLInputElement) input.checked = true;
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
