import { fillSelect } from './chart-select.js';
import { DevicesOrder, fitting } from './devices-order.js';
import { DevicesPages, ROWS_A_PAGE } from './devices-pages.js';
import { DeviceRows } from './devices-rows.js';
import { SPARK_STEPS } from './devices-spark.js';
import { findDeviceTag, LOOK_BACK_MS } from './devices-tag.js';
import { columnsOf, countWords, unitOf } from './devices-view.js';
import { element, setClass, setText } from './dom.js';
import { foreign } from './format.js';
import { getJson } from './poll.js';

/** @import { LatestGroup, LatestPage, Look, MeasurementSummary, Value } from './types.js' */
/** @import { Filter } from './devices-choices.js' */

/**
 * @typedef {object} Asked What all tables are asked for.
 * @property {number} nowMs
 * @property {number} silentAfterMs
 * @property {string} search
 * @property {string} order
 * @property {Filter} filter
 * @property {(measurement: string, tag: string) => readonly Look[]} looks the devices of a table that need a look
 */
/** @typedef {LatestPage & { tag: string, atMs: number }} DevicesAnswer */

/** A step of a curve is half an hour. */
const SPARKS_AGAIN_MS = 300_000;

let ids = 0;

/** The table of the devices of one measurement, with its pages. */
export class DevicesGroup {
  isInView = false;
  /** @type {DevicesAnswer | undefined} the last good answer */
  answer;
  /** Whether the store has failed to answer since. */
  #isOld = false;
  #summary;
  #rows;
  #pages;
  #order = new DevicesOrder();
  #askedFor = 0;
  #tagFor = '';
  /** @type {Map<string, readonly Value[]>} */
  #sparks = new Map();
  #sparksAtMs = Number.NEGATIVE_INFINITY;
  #title = element('h2');
  #counts = element('p', { class: 'counts' });
  #tag = element('select', { disabled: '' });
  #tagLabel = element('label', { class: 'tag' }, 'Device tag', this.#tag);
  #heads = element('tr');
  #note = element('p', { class: 'note', role: 'status' }, 'Asking the gateway…');
  #box;
  node;

  /**
   * `onChoose(tag)`: the person chose the tag that names the devices. `refresh`: asks the page to call `update` soon.
   *
   * @param {MeasurementSummary} summary
   * @param {{ onChoose: (tag: string) => void, refresh: () => void }} calls
   */
  constructor(summary, { onChoose, refresh }) {
    this.#summary = summary;
    ids += 1;
    this.#title.id = `devices-of-${ids}`;
    this.#title.title = foreign(summary.name);
    setText(this.#title, foreign(summary.name, 80));
    const body = element('tbody');
    this.#rows = new DeviceRows(body);
    this.#pages = new DevicesPages((offset) => {
      this.#turnTo(offset);
      refresh();
    });
    const table = { 'aria-labelledby': this.#title.id };
    this.#box = element(
      'div',
      { class: 'devices-table', hidden: '' },
      element('table', table, element('thead', {}, this.#heads), body),
    );
    this.node = element(
      'section',
      { class: 'panel device-group is-asking', 'aria-labelledby': this.#title.id },
      element('div', { class: 'device-group-head' }, this.#title, this.#counts, this.#tagLabel),
      this.#box,
      this.#note,
      this.#pages.node,
    );
    this.#showTags();
    this.#tag.addEventListener('change', () => {
      onChoose(this.tag);
      this.startOver();
      refresh();
    });
  }

  /**
   * Rows out of sight are taken out, and their room is kept: a hundred tables must not slow the browser down.
   *
   * @param {boolean} isInView
   */
  setInView(isInView) {
    this.isInView = isInView;
    const height = this.node.offsetHeight;
    // The whole list may be out of sight, behind the details or another view; and the focus must not be lost.
    if (!isInView && height > 0 && !this.node.contains(document.activeElement)) {
      this.node.style.setProperty('min-height', `${height}px`);
      this.#rows.clear();
    } else if (isInView && this.answer !== undefined) {
      this.#showRows(this.answer.groups);
      this.node.style.removeProperty('min-height');
    }
  }

  get measurement() {
    return this.#summary.name;
  }

  get tag() {
    return this.#tag.value;
  }

  /** Whether the rows would be in another order if they were sorted now. */
  get isUnsorted() {
    return this.#order.isStale;
  }

  /** @param {MeasurementSummary} summary */
  takeSummary(summary) {
    this.#summary = summary;
    this.#showTags();
  }

  /** @param {string} tag */
  chooseTag(tag) {
    if (!this.#summary.tags.includes(tag)) return;
    this.#tag.value = tag;
    this.#tagFor = this.#tagsKey;
  }

  /** The first page again, sorted as it is now. */
  startOver() {
    this.#turnTo(0);
    if (this.isInView) return;
    // Out of sight nothing is asked for, and how much room its rows will need is not known.
    this.node.style.removeProperty('min-height');
    this.answer = undefined;
    this.#showNote('Asking the gateway…');
  }

  /** Sorts the rows of the shown page with the next answer. */
  sortAgain() {
    this.#turnTo(this.#pages.offset);
  }

  /**
   * Asks for the page of the table that is shown. Rejects with AnswerError.
   *
   * @param {Asked} asked
   */
  async update(asked) {
    this.#askedFor += 1;
    const turn = this.#askedFor;
    await this.#findTag(asked.nowMs);
    const looks = asked.looks(this.measurement, this.tag);
    if (asked.filter === 'look' && looks.length === 0) {
      this.answer = undefined;
      this.#rows.clear();
      this.#showNote('No device here needs a look.');
      this.#pages.node.hidden = true;
      return;
    }
    const sparkField = this.#sparkField(asked.nowMs);
    /** @type {LatestPage} */
    const answer = await getJson('/api/latest', this.#request(asked, looks, sparkField));
    // When the person has chosen something else meanwhile, the page asks again at once.
    if (turn !== this.#askedFor) return;
    if (answer.groups.length === 0 && this.#pages.offset > 0) {
      // There are fewer devices now, and this page no longer exists.
      this.startOver();
      await this.update(asked);
      return;
    }
    this.#show(answer, asked, sparkField);
  }

  fail() {
    this.#isOld = true;
    if (this.answer === undefined) this.#showNote('The store did not answer.');
  }

  /**
   * @param {number} nowMs
   * @param {boolean} isOld whether nobody can know more than the last answer
   */
  tick(nowMs, isOld) {
    if (this.answer === undefined) return;
    this.#rows.tick(nowMs, isOld || this.#isOld ? this.answer.atMs : undefined);
  }

  /** @param {string} key */
  markOpen(key) {
    this.#rows.markOpen(key);
  }

  /**
   * Moves the focus to the device, if it has a row here.
   *
   * @param {string} key
   */
  focus(key) {
    this.#rows.focus(key);
  }

  get #tagsKey() {
    return JSON.stringify(this.#summary.tags);
  }

  /** @param {number} offset */
  #turnTo(offset) {
    this.#pages.offset = offset;
    this.#order.forget();
    this.#askedFor += 1;
  }

  #showTags() {
    const { tags } = this.#summary;
    fillSelect(
      this.#tag,
      tags.map((name) => ({ name, value: name })),
    );
    // A choice that has the focus stays, also when nothing is left to choose.
    this.#tagLabel.hidden = tags.length < 2 && document.activeElement !== this.#tag;
  }

  /** @param {number} nowMs */
  async #findTag(nowMs) {
    const key = this.#tagsKey;
    if (key === this.#tagFor) return;
    const tag = await findDeviceTag(this.#summary, nowMs);
    // The person or a link may have chosen one meanwhile.
    if (this.#tagFor === key) return;
    this.#tagFor = key;
    if (tag !== undefined) this.#tag.value = tag;
  }

  /**
   * The field to ask curves of, if they are due.
   *
   * @param {number} nowMs
   */
  #sparkField(nowMs) {
    return nowMs - this.#sparksAtMs >= SPARKS_AGAIN_MS ? columnsOf(this.#summary.fields).main : undefined;
  }

  /** @param {Asked} asked @param {readonly Look[]} looks @param {string | undefined} sparkField */
  #request({ nowMs, silentAfterMs, search, order, filter }, looks, sparkField) {
    const now = Math.floor(nowMs);
    const kept = this.#order.names;
    const names = this.tag === '' ? [] : fitting(looks.map(({ name }) => name));
    const only = kept ?? (filter === 'look' ? names : []);
    const except = filter === 'reporting' ? names : [];
    const spark = [
      ['spark', String(SPARK_STEPS)],
      ['sparkField', sparkField ?? ''],
    ];
    return [
      ['measurement', this.measurement],
      ...(this.tag === '' ? [] : [['by', this.tag]]),
      ['from', String(now - LOOK_BACK_MS)],
      ['silentBefore', String(now - silentAfterMs)],
      ['search', search],
      ['order', order],
      ['offset', String(kept === undefined ? this.#pages.offset : 0)],
      ['limit', String(ROWS_A_PAGE)],
      ...only.map((name) => ['only', name]),
      ...except.map((name) => ['except', name]),
      ...(sparkField === undefined ? [] : spark),
    ];
  }

  /** @param {LatestPage} answer @param {Asked} asked @param {string | undefined} sparkField */
  #show(answer, { nowMs, order, search, filter, looks }, sparkField) {
    const kept = this.#order.keep(answer, order);
    const groups = filter === 'look' ? withUnseen(kept, looks(this.measurement, this.tag), search) : kept;
    this.answer = { ...answer, groups, tag: this.tag, atMs: nowMs };
    this.#isOld = false;
    if (sparkField !== undefined) {
      this.#sparks = new Map(groups.map(({ name, spark = [] }) => [name, spark]));
      this.#sparksAtMs = nowMs;
    } else if (groups.some(({ name }) => !this.#sparks.has(name))) {
      this.#sparksAtMs = Number.NEGATIVE_INFINITY;
    }
    // Out of view meanwhile: the rows come when it is in view again.
    if (this.isInView) this.#showRows(groups);
    setText(this.#counts, countWords(answer));
    this.#showNote(groups.length > 0 ? '' : noteOf(answer.devices, search));
    this.#pages.show(groups.length, this.#order.found);
  }

  /** @param {readonly LatestGroup[]} groups */
  #showRows(groups) {
    const { measurement, tag } = this;
    const { fields } = this.#summary;
    const { columns } = columnsOf(fields);
    const units = columns.map((name) => foreign(unitOf(fields, name), 20));
    this.#showHeads(columns, units);
    this.#rows.show({ measurement, tag, columns, units }, groups, this.#sparks);
  }

  /** @param {readonly string[]} columns @param {readonly string[]} units */
  #showHeads(columns, units) {
    const fields = columns.map((name, nth) => [foreign(name, 60), units[nth]].filter(Boolean).join(', '));
    const heads = [
      [foreign(this.tag, 60) || 'measurement', 'device'],
      ['last 24 h', 'curve'],
      ...fields.map((name) => [name, 'reading']),
      ['last seen', 'age'],
      ['state', 'standing'],
    ];
    const key = JSON.stringify(heads);
    if (this.#heads.dataset.key === key) return;
    this.#heads.dataset.key = key;
    this.#heads.replaceChildren(
      ...heads.map(([name, kind]) => element('th', { scope: 'col', class: kind, title: name }, name)),
    );
  }

  /** @param {string} sentence */
  #showNote(sentence) {
    setClass(this.node, 'panel device-group');
    setText(this.#note, sentence);
    this.#note.hidden = sentence === '';
    this.#box.hidden = sentence !== '';
  }
}

/** @param {number} devices @param {string} search */
function noteOf(devices, search) {
  if (devices === 0) return 'Nothing was received in the last 24 hours.';
  return search === '' ? 'None of them is in this state.' : 'No device is called so.';
}

/**
 * The devices of an answer, and behind them those that need a look but have sent nothing for so long that the answer does
 * not have them.
 *
 * @param {readonly LatestGroup[]} groups
 * @param {readonly Look[]} looks
 * @param {string} search
 * @returns {readonly LatestGroup[]}
 */
function withUnseen(groups, looks, search) {
  const seen = new Set(groups.map(({ name }) => name));
  const unseen = looks.filter(
    ({ name, state, sinceMs }) =>
      state === 'silent' && sinceMs !== undefined && !seen.has(name) && name.includes(search),
  );
  return [
    ...groups,
    ...unseen.map(({ name, state, sinceMs = 0 }) => ({ name, state, sinceMs, atMs: sinceMs, values: [] })),
  ];
}
