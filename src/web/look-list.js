import { hrefOf, keyOf } from './devices-link.js';
import { DeviceSpark, SPARK_STEPS, scaleOf } from './devices-spark.js';
import { LOOK_BACK_MS } from './devices-tag.js';
import { asOfWords, STATE_SENTENCES } from './devices-view.js';
import { byId, element, putInOrder, setAttribute, setClass, setText } from './dom.js';
import { count } from './format.js';
import { knownStyleOf } from './line-styles.js';
import { deviceName, lookFacts, lookWords } from './look-words.js';
import { getJson } from './poll.js';

/** @import { Looks } from './looks.js' */
/** @import { LatestPage, Look, Value } from './types.js' */

/** More would push the readings of a phone out of sight. */
const MAX_ROWS = 5;

const SPARKS_AGAIN_MS = 300_000;

/** @typedef {{ node: HTMLElement, link: HTMLAnchorElement, mark: HTMLElement, title: HTMLElement, facts: HTMLElement, spark: DeviceSpark }} Row */

/** The devices that need a look, in the rail of the Overview. */
export class LookList {
  #looks;
  #now;
  #isAnswering;
  /** @type {Map<string, Row>} */
  #rows = new Map();
  /** @type {Map<string, readonly Value[]>} */
  #sparks = new Map();
  #sparksAtMs = Number.NEGATIVE_INFINITY;
  #box = byId('attention');
  #counts = byId('attention-counts');
  #note = byId('attention-note');
  #list = byId('attention-rows');
  #more = byId('attention-more');

  /**
   * @param {Looks} looks
   * @param {{ now: () => number, isAnswering: () => boolean }} gateway
   */
  constructor(looks, { now, isAnswering }) {
    this.#looks = looks;
    this.#now = now;
    this.#isAnswering = isAnswering;
    looks.onChange(() => this.show());
    this.show();
  }

  show() {
    const { answer, isAnswered } = this.#looks;
    const nowMs = this.#now();
    const isKnown = this.#isAnswering() && this.#looks.isKnown(nowMs);
    setClass(this.#box, isAnswered ? 'attention' : 'attention is-asking');
    if (answer === undefined) {
      setText(
        this.#note,
        isAnswered ? 'Which devices need a look cannot be known now.' : 'Asking the gateway…',
      );
      return;
    }
    const { looks, devices, moreDevices, needLook } = answer;
    const asOf = isKnown ? '' : `, ${asOfWords(answer.asOfMs, nowMs)}`;
    const known = `${count(devices)}${moreDevices ? ' or more' : ''} ${devices === 1 ? 'device' : 'devices'}`;
    setText(this.#counts, needLook === 0 ? '' : `${count(needLook)} of ${known}${asOf}`);
    setText(
      this.#note,
      devices === 0 ? `No device is known yet${asOf}.` : `None of ${known} needs a look${asOf}.`,
    );
    this.#note.hidden = looks.length > 0;
    // While it cannot be known, the times stop.
    this.#showRows(looks.slice(0, MAX_ROWS), isKnown ? nowMs : answer.asOfMs);
    const rest = answer.found - Math.min(looks.length, MAX_ROWS);
    this.#more.hidden = rest <= 0;
    setText(this.#more, `${count(rest)} more in Devices`);
  }

  /**
   * Asks for the curves of the shown devices, when they are due. Never rejects: a row without a curve is still right.
   */
  async update() {
    const shown = (this.#looks.answer?.looks ?? []).slice(0, MAX_ROWS);
    const isDue = this.#now() - this.#sparksAtMs >= SPARKS_AGAIN_MS;
    if (isDue) this.#sparksAtMs = this.#now();
    const wanted = shown.filter(
      (look) => look.measurement !== '' && (isDue || !this.#sparks.has(keyOf(look))),
    );
    /** @type {Map<string, Look[]>} */
    const together = new Map();
    for (const look of wanted) {
      const key = JSON.stringify([look.measurement, look.tag, look.field]);
      together.set(key, [...(together.get(key) ?? []), look]);
    }
    for (const looks of together.values()) await this.#askSparks(looks);
    if (wanted.length > 0) this.show();
  }

  /** @param {readonly Look[]} looks devices of one measurement */
  async #askSparks(looks) {
    const [{ measurement, tag, field }] = looks;
    const from = String(Math.floor(this.#now() - LOOK_BACK_MS));
    try {
      /** @type {LatestPage} */
      const { groups } = await getJson('/api/latest', [
        ['measurement', measurement],
        ...(tag === '' ? [] : [['by', tag], ...looks.map(({ name }) => ['only', name])]),
        ['from', from],
        ['silentBefore', from],
        ['spark', String(SPARK_STEPS)],
        ...(field === undefined ? [] : [['sparkField', field]]),
      ]);
      const byName = new Map(groups.map(({ name, spark }) => [name, spark]));
      for (const look of looks) this.#sparks.set(keyOf(look), byName.get(tag === '' ? '' : look.name) ?? []);
    } catch {
      // The store does not answer: the rows stay without curves until it does.
    }
  }

  /** @param {readonly Look[]} looks @param {number} nowMs */
  #showRows(looks, nowMs) {
    /** @type {Map<string, Row>} */
    const kept = new Map();
    for (const look of looks) {
      const key = keyOf(look);
      const row = this.#rows.get(key) ?? makeRow(look);
      setClass(row.mark, `device-mark is-${look.state}`);
      setAttribute(row.link, 'title', STATE_SENTENCES[look.state]);
      setText(row.title, lookWords(look));
      setText(row.facts, lookFacts(look, nowMs));
      if (look.code !== undefined) setAttribute(row.facts, 'title', look.code);
      const values = this.#sparks.get(key) ?? [];
      row.spark.show(values, scaleOf([values]), knownStyleOf(look.measurement, look.tag, look.name));
      kept.set(key, row);
    }
    this.#rows = kept;
    for (const key of this.#sparks.keys()) if (!kept.has(key)) this.#sparks.delete(key);
    putInOrder(
      this.#list,
      [...kept.values()].map(({ node }) => node),
    );
  }
}

/** @param {Look} look @returns {Row} */
function makeRow(look) {
  const mark = element('span', { class: 'device-mark' });
  const title = element('span');
  const facts = element('span', { class: 'look-facts' });
  const spark = new DeviceSpark();
  const link = element(
    'a',
    // Of a topic without points there are no details; its messages are set aside.
    look.measurement === '' ? { href: '/set-aside' } : { class: 'device-open', href: hrefOf(look) },
    mark,
    element('b', {}, element('bdi', {}, deviceName(look)), ' ', title),
    facts,
    spark.node,
  );
  return { node: element('li', {}, link), link, mark, title, facts, spark };
}
