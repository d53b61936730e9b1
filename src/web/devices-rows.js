import { decimalsOf, deviceState, sinceWords, valueWords } from './devices-view.js';
import { element, putInOrder, setClass, setText } from './dom.js';
import { foreign } from './format.js';

/** @import { LatestGroup } from './types.js' */

/**
 * @typedef {object} Row
 * @property {HTMLElement} node
 * @property {HTMLElement} since
 * @property {HTMLElement} state
 * @property {readonly HTMLElement[]} values
 * @property {number} atMs
 */

const STATE_CLASSES = { reporting: 'healthy', late: 'slow', silent: 'stopped' };

/** The body of the devices table: one row for each device, kept while the device stays on the page. */
export class DeviceRows {
  #body;
  #onShow;
  /** @type {Map<string, Row>} */
  #rows = new Map();
  #columnsKey = '';

  /**
   * `onShow(name)` is called when the person wants to see the chart of this device.
   *
   * @param {HTMLElement} body
   * @param {(name: string) => void} onShow
   */
  constructor(body, onShow) {
    this.#body = body;
    this.#onShow = onShow;
  }

  /** @param {string} tag @param {readonly string[]} columns @param {readonly LatestGroup[]} groups */
  show(tag, columns, groups) {
    const columnsKey = JSON.stringify([tag, columns]);
    if (columnsKey !== this.#columnsKey) this.#rows.clear();
    this.#columnsKey = columnsKey;
    /** @type {Map<string, Row>} */
    const kept = new Map();
    const read = groups.map(({ values }) => new Map(values.map(({ field, value }) => [field, value])));
    const decimals = columns.map((column) => decimalsOf(read.map((values) => values.get(column))));
    for (const [at, group] of groups.entries()) {
      const row = this.#rows.get(group.name) ?? this.#make(tag, group.name, columns);
      row.atMs = group.atMs;
      for (const [nth, node] of row.values.entries()) {
        setText(node, foreign(valueWords(read[at].get(columns[nth]), decimals[nth]), 60));
      }
      kept.set(group.name, row);
    }
    this.#rows = kept;
    putInOrder(
      this.#body,
      [...kept.values()].map(({ node }) => node),
    );
  }

  /**
   * Updates times and states from the clock alone; asks nothing.
   *
   * @param {number} nowMs
   * @param {number} silentAfterMs
   */
  tick(nowMs, silentAfterMs) {
    for (const { atMs, since, state } of this.#rows.values()) {
      const sinceMs = Math.max(0, nowMs - atMs);
      const word = deviceState(sinceMs, silentAfterMs);
      setText(since, sinceWords(sinceMs));
      setText(state, word);
      setClass(state, `state ${STATE_CLASSES[word]}`);
    }
  }

  /** @param {string} tag @param {string} name @param {readonly string[]} columns @returns {Row} */
  #make(tag, name, columns) {
    const shown = foreign(name, 120) || `(without ${foreign(tag, 60)})`;
    const since = element('td', { class: 'since' });
    const state = element('span');
    const values = columns.map((column) =>
      element('td', { class: 'reading', 'data-field': foreign(column, 60) }),
    );
    const button = element(
      'button',
      { type: 'button', class: 'quiet', 'aria-label': `Show ${shown} in chart` },
      element('span', { class: 'wide' }, 'Show in '),
      'chart',
    );
    button.addEventListener('click', () => this.#onShow(name));
    const node = element(
      'tr',
      {},
      element('th', { scope: 'row', class: 'device', title: foreign(name) }, element('bdi', {}, shown)),
      element('td', { class: 'word' }, state),
      since,
      ...values,
      element('td', { class: 'act' }, button),
    );
    return { node, since, state, values, atMs: 0 };
  }
}
