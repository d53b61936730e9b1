import { hrefOf, keyOf } from './devices-link.js';
import { DeviceSpark, scaleOf } from './devices-spark.js';
import {
  asOfWords,
  decimalsOf,
  STATE_SENTENCES,
  sinceWords,
  stateWords,
  valueWords,
} from './devices-view.js';
import { element, putInOrder, setAttribute, setClass, setText } from './dom.js';
import { foreign } from './format.js';
import { stylesOf } from './line-styles.js';
import { deviceName } from './look-words.js';

/** @import { DeviceAddress, LatestGroup, Value } from './types.js' */

/**
 * @typedef {object} Row
 * @property {HTMLElement} node
 * @property {HTMLAnchorElement} link
 * @property {DeviceSpark} spark
 * @property {HTMLElement} age
 * @property {HTMLElement} state
 * @property {readonly HTMLElement[]} values
 * @property {LatestGroup} group
 */

/** @typedef {{ measurement: string, tag: string, columns: readonly string[], units: readonly string[] }} Table */

/** The body of the table of one measurement: one row for each device, kept while the device stays on the page. */
export class DeviceRows {
  #body;
  /** @type {Map<string, Row>} */
  #rows = new Map();
  /** @type {Table} */
  #table = { measurement: '', tag: '', columns: [], units: [] };
  #openKey = '';

  /** @param {HTMLElement} body */
  constructor(body) {
    this.#body = body;
  }

  /**
   * `sparks`: the curves by name of the device; a device may have none.
   *
   * @param {Table} table
   * @param {readonly LatestGroup[]} groups
   * @param {ReadonlyMap<string, readonly Value[]>} sparks
   */
  show(table, groups, sparks) {
    if (JSON.stringify(table) !== JSON.stringify(this.#table)) this.#rows.clear();
    this.#table = table;
    const { measurement, tag, columns } = table;
    /** @type {Map<string, Row>} */
    const kept = new Map();
    const read = groups.map(({ values }) => new Map(values.map(({ field, value }) => [field, value])));
    const decimals = columns.map((column) => decimalsOf(read.map((values) => values.get(column))));
    const names = groups.map(({ name }) => name);
    const styles = stylesOf(measurement, tag, names);
    const scale = scaleOf(names.map((name) => sparks.get(name)));
    for (const [at, group] of groups.entries()) {
      const row = this.#rows.get(group.name) ?? this.#make(group);
      row.group = group;
      for (const [nth, node] of row.values.entries()) {
        setText(node, foreign(valueWords(read[at].get(columns[nth]), decimals[nth]), 60));
      }
      setText(row.state, foreign(stateWords(group, columns[0]), 80));
      setClass(row.state, `device-state is-${group.state}`);
      // The link fills the row.
      setAttribute(row.link, 'title', `${foreign(group.name)}\n${STATE_SENTENCES[group.state]}`);
      const style = styles.get(group.name);
      if (style !== undefined) row.spark.show(sparks.get(group.name) ?? [], scale, style);
      kept.set(group.name, row);
    }
    this.#rows = kept;
    this.markOpen(this.#openKey);
    putInOrder(
      this.#body,
      [...kept.values()].map(({ node }) => node),
    );
  }

  clear() {
    this.#rows.clear();
    this.#body.replaceChildren();
  }

  /**
   * Updates the ages from the clock alone; asks nothing. `oldSinceMs`: when the newest answer came, if nobody can
   * know more now.
   *
   * @param {number} nowMs
   * @param {number | undefined} oldSinceMs
   */
  tick(nowMs, oldSinceMs) {
    const asOf = oldSinceMs === undefined ? '' : asOfWords(oldSinceMs, nowMs);
    for (const { group, age } of this.#rows.values()) {
      setText(age, asOf || sinceWords(Math.max(0, nowMs - group.atMs)));
    }
  }

  /**
   * Marks the row of the device whose details are shown.
   *
   * @param {string} key
   */
  markOpen(key) {
    this.#openKey = key;
    for (const { node, link, group } of this.#rows.values()) {
      const isOpen = keyOf(this.#addressOf(group.name)) === key;
      setClass(node, isOpen ? 'is-open' : '');
      if (isOpen) setAttribute(link, 'aria-current', 'true');
      else link.removeAttribute('aria-current');
    }
  }

  /** @param {string} key */
  focus(key) {
    for (const { link, group } of this.#rows.values()) {
      if (keyOf(this.#addressOf(group.name)) === key) link.focus({ preventScroll: true });
    }
  }

  /** @param {string} name @returns {DeviceAddress} */
  #addressOf(name) {
    const { measurement, tag } = this.#table;
    return { measurement, tag, name: tag === '' ? measurement : name };
  }

  /** @param {LatestGroup} group @returns {Row} */
  #make(group) {
    const { columns, units } = this.#table;
    const shown = deviceName(this.#addressOf(group.name));
    const link = element(
      'a',
      { class: 'device-open', href: hrefOf(this.#addressOf(group.name)) },
      element('bdi', {}, shown),
    );
    const spark = new DeviceSpark();
    const age = element('td', { class: 'age' });
    const state = element('span');
    const values = columns.map(() => element('span', { class: 'value' }));
    const cells = values.map((node, nth) =>
      element(
        'td',
        { class: nth === 0 ? 'reading main' : 'reading' },
        node,
        ...(units[nth] === '' ? [] : [element('span', { class: 'unit' }, ` ${units[nth]}`)]),
      ),
    );
    const node = element(
      'tr',
      {},
      element('th', { scope: 'row', class: 'device' }, link),
      element('td', { class: 'curve' }, spark.node),
      ...cells,
      age,
      element('td', { class: 'standing' }, state),
    );
    return { node, link, spark, age, state, values, group };
  }
}
