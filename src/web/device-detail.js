import { DeviceChart } from './device-chart.js';
import { DeviceMessage } from './device-message.js';
import { LOOK_BACK_MS } from './devices-tag.js';
import {
  asOfWords,
  columnsOf,
  decimalsOf,
  sinceWords,
  stateWords,
  unitOf,
  valueWords,
} from './devices-view.js';
import { byId, element, setAttribute, setClass, setText } from './dom.js';
import { count, foreign } from './format.js';
import { deviceName, lookFacts } from './look-words.js';
import { failureOf, getJson } from './poll.js';

/** @import { Looks } from './looks.js' */
/** @import { DeviceAddress, LatestGroup, LatestPage, Fields, MeasurementSummary } from './types.js' */

/**
 * @typedef {object} DetailOptions
 * @property {Looks} looks
 * @property {() => number} now
 * @property {() => void} close called when the person closes the details
 * @property {(device: DeviceAddress) => void} showInChart
 */

/** More is in the CSV. */
const MAX_FIGURES = 12;

/** The details of one device: its state and why, its newest values, its day, and its last message. */
export class DeviceDetail {
  #options;
  /** @type {DeviceAddress | undefined} */
  #device;
  /** @type {LatestGroup | undefined} the device of the last good answer */
  #group;
  /** @type {Fields} */
  #fields = [];
  #askedAtMs = 0;
  #isOld = false;
  #chart = new DeviceChart(byId('device-chart'), byId('device-chart-words'));
  #message = new DeviceMessage();
  #box = byId('device');
  #title = byId('device-title');
  #kind = byId('device-kind');
  #state = byId('device-state');
  #why = byId('device-why');
  #age = byId('device-age');
  #note = byId('device-note');
  #figures = byId('device-figures');
  #setAside = byId('device-set-aside');

  /** @param {DetailOptions} options */
  constructor(options) {
    this.#options = options;
    byId('device-close').addEventListener('click', () => options.close());
    byId('device-show').addEventListener('click', () => {
      if (this.#device !== undefined) options.showInChart(this.#device);
    });
    this.#box.addEventListener('keydown', ({ key }) => {
      if (key === 'Escape') options.close();
    });
  }

  /** @param {DeviceAddress | undefined} device undefined closes the details */
  show(device) {
    if (JSON.stringify(device) === JSON.stringify(this.#device)) return;
    this.#device = device;
    this.#group = undefined;
    this.#isOld = false;
    this.#box.hidden = device === undefined;
    this.#chart.clear();
    this.#message.watch(device);
    if (device === undefined) return;
    setText(this.#title, deviceName(device));
    this.#title.title = foreign(device.name);
    setText(this.#kind, foreign(device.measurement, 80));
    this.#figures.replaceChildren();
    this.#showNote('Asking the gateway…');
    for (const node of [this.#state, this.#age]) setText(node, '');
    this.showLook();
  }

  focus() {
    this.#title.focus({ preventScroll: true });
  }

  /**
   * Asks for the newest values and the day of the device. Never rejects.
   *
   * @param {readonly MeasurementSummary[]} measurements
   * @param {number} silentAfterMs
   */
  async update(measurements, silentAfterMs) {
    const device = this.#device;
    if (device === undefined) return;
    const summary = measurements.find(({ name }) => name === device.measurement);
    if (summary === undefined) {
      this.#showNote('The store has no such measurement.');
      return;
    }
    this.#fields = summary.fields;
    const nowMs = Math.floor(this.#options.now());
    try {
      const group = await askGroup(device, nowMs, silentAfterMs);
      if (device !== this.#device) return;
      this.#group = group;
      this.#askedAtMs = nowMs;
      this.#isOld = false;
      this.#showNote(group === undefined ? 'It has sent nothing in the last 24 hours.' : '');
      this.#showGroup();
      this.tick(false);
      const { main } = columnsOf(summary.fields);
      if (group !== undefined) await this.#chart.update(device, summary, main, nowMs);
    } catch (thrown) {
      if (device !== this.#device) return;
      this.#isOld = true;
      this.tick(false);
      this.#showNote(`The store did not answer: ${foreign(failureOf(thrown).message)}`);
    }
  }

  /** Why the device needs a look, and since when. */
  showLook() {
    if (this.#device === undefined) return;
    const { looks, now } = this.#options;
    const look = looks.of(this.#device);
    const nowMs = looks.isKnown(now()) ? now() : (looks.answer?.asOfMs ?? now());
    setText(this.#why, look === undefined ? '' : lookFacts(look, nowMs));
    this.#why.hidden = look === undefined;
    this.#message.takeTopic(look?.topic);
    this.#setAside.hidden = look?.count === undefined;
    setText(this.#setAside, `${count(look?.count ?? 0)} set aside`);
    if (look?.code !== undefined) setAttribute(this.#setAside, 'title', look.code);
  }

  /** @param {boolean} isOld whether nobody can know more than the last answer */
  tick(isOld) {
    const group = this.#group;
    if (group === undefined) return;
    const nowMs = this.#options.now();
    const isStopped = isOld || this.#isOld;
    const sinceMs = Math.max(0, nowMs - group.atMs);
    setText(this.#age, isStopped ? asOfWords(this.#askedAtMs, nowMs) : `last seen ${sinceWords(sinceMs)}`);
  }

  #showGroup() {
    const group = this.#group;
    const { main: mainField } = columnsOf(this.#fields);
    setText(this.#state, group === undefined ? '' : foreign(stateWords(group, mainField), 80));
    setClass(this.#state, group === undefined ? '' : `device-state is-${group.state}`);
    const values = group?.values ?? [];
    const { columns } = columnsOf(this.#fields);
    const main = values.filter(({ field }) => columns.includes(field));
    main.sort((a, b) => columns.indexOf(a.field) - columns.indexOf(b.field));
    const sorted = [...main, ...values.filter(({ field }) => !columns.includes(field))].slice(0, MAX_FIGURES);
    const key = JSON.stringify(sorted.map(({ field }) => field));
    if (this.#figures.dataset.key !== key) {
      this.#figures.dataset.key = key;
      this.#figures.replaceChildren(
        ...sorted.map(({ field }) =>
          element('div', {}, element('dt', { title: foreign(field) }, foreign(field, 60)), element('dd')),
        ),
      );
    }
    for (const [nth, { field, value, unit = unitOf(this.#fields, field), outside }] of sorted.entries()) {
      const node = this.#figures.children[nth].lastElementChild;
      if (node === null) continue;
      const words = foreign(valueWords(value, decimalsOf([value])), 120);
      setText(node, unit === '' ? words : `${words} ${foreign(unit, 20)}`);
      setClass(node, outside === undefined ? '' : 'is-outside');
    }
  }

  /** @param {string} sentence */
  #showNote(sentence) {
    setText(this.#note, sentence);
    this.#note.hidden = sentence === '';
  }
}

/**
 * @param {DeviceAddress} device
 * @param {number} nowMs
 * @param {number} silentAfterMs
 */
async function askGroup({ measurement, tag, name }, nowMs, silentAfterMs) {
  /** @type {LatestPage} */
  const { groups } = await getJson('/api/latest', [
    ['measurement', measurement],
    ...(tag === ''
      ? []
      : [
          ['by', tag],
          ['only', name],
        ]),
    ['from', String(nowMs - LOOK_BACK_MS)],
    ['silentBefore', String(nowMs - silentAfterMs)],
    ['limit', '1'],
  ]);
  return groups.at(0);
}
