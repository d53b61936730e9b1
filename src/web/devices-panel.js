import { DeviceDetail } from './device-detail.js';
import { DevicesChoices } from './devices-choices.js';
import { devicesCsv } from './devices-csv.js';
import { DevicesGroup } from './devices-group.js';
import { keyOf } from './devices-link.js';
import { asOfWords, silentWords } from './devices-view.js';
import { byId, element, setText } from './dom.js';
import { count, foreign } from './format.js';
import { OpenDevice } from './open-device.js';
import { failureOf } from './poll.js';

/** @import { Asked } from './devices-group.js' */
/** @import { ChoiceName } from './devices-choices.js' */
/** @import { ChartsPanel } from './charts-panel.js' */
/** @import { Looks } from './looks.js' */
/** @import { Views } from './views.js' */
/** @import { DeviceAddress, Failure, MeasurementSummary, Refresh } from './types.js' */

const REFRESH_AT_LEAST_MS = 5_000;
/** The page waits ten times as long as an answer took: the store spends at most a tenth of its time on these tables. */
const REST_PER_ASKED = 10;
const TICK_MS = 1_000;
/** Names of measurements can come from topics: a thousand of them must not freeze the browser. */
const GROUPS_A_STEP = 12;

/** @type {Readonly<Record<string, string>>} */
const ORDER_WORDS = {
  name: 'Sorted by name; rows stay where they are.',
  silent: 'Sorted by silence; rows stay where they are.',
  newest: 'Sorted by the newest value; rows stay where they are.',
};

/** All devices, a table for each measurement, and beside them the details of one. */
export class DevicesPanel {
  #charts;
  #views;
  #looks;
  #isAnswering;
  #refresh;
  #choices;
  #detail;
  #open;
  /** @type {readonly MeasurementSummary[]} */
  #measurements = [];
  /** @type {Map<string, DevicesGroup>} */
  #groups = new Map();
  #maxGroups = GROUPS_A_STEP;
  /** False once the store has answered that it cannot be queried. */
  #isQueryable = true;
  #askedMs = 0;
  #note = byId('devices-note');
  #words = byId('devices-words');
  #sortAgain = byId('devices-sort-again');
  #box = byId('devices-groups');
  #more = byId('more-devices');
  #view = new IntersectionObserver((entries) => this.#noteVisible(entries), { rootMargin: '200px' });

  /**
   * `charts`: the panel that knows the measurements and the link. `isAnswering`: whether the gateway answers.
   * `refresh`: asks the page to call `update` soon.
   *
   * @param {ChartsPanel} charts
   * @param {Views} views
   * @param {Looks} looks
   * @param {{ isAnswering: () => boolean, refresh: Refresh }} page
   */
  constructor(charts, views, looks, { isAnswering, refresh }) {
    this.#charts = charts;
    this.#views = views;
    this.#looks = looks;
    this.#isAnswering = isAnswering;
    this.#refresh = refresh;
    this.#choices = new DevicesChoices(charts.link.state.silentAfterS, (what) => this.#choose(what));
    this.#open = new OpenDevice(views, (before) => this.#showOpen(before));
    this.#detail = new DeviceDetail({
      looks,
      now: charts.now,
      close: () => this.#open.close(),
      showInChart: ({ measurement, tag, name }) => {
        views.open('overview');
        this.#open.leave();
        charts.show(measurement, tag, name);
      },
    });
    charts.onMeasurements = (measurements) => this.#takeMeasurements(measurements);
    charts.onFailure = (failure) => this.#fail(failure);
    looks.onChange(() => this.#takeLooks());
    byId('devices-csv').addEventListener('click', () => this.#export());
    this.#sortAgain.addEventListener('click', () => this.#sort());
    this.#more.addEventListener('click', () => {
      this.#maxGroups += GROUPS_A_STEP;
      this.#syncGroups();
    });
    byId('attention-more').addEventListener('click', () => this.#showLooks());
    addEventListener('popstate', () => this.#followLink());
    setInterval(() => this.#tick(), TICK_MS);
    this.#explain();
    this.#detail.show(this.#open.device);
  }

  get refreshMs() {
    return Math.max(REFRESH_AT_LEAST_MS, this.#askedMs * REST_PER_ASKED);
  }

  /** Asks for the tables that are in view, and for the device whose details are. */
  async update() {
    if (!this.#isQueryable || this.#measurements.length === 0) return;
    const beganMs = performance.now();
    /** @type {Failure | undefined} */
    let failure;
    for (const group of this.#groups.values()) {
      if (!group.isInView) continue;
      try {
        await group.update(this.#asked());
      } catch (thrown) {
        failure = failureOf(thrown);
        group.fail();
      }
      this.#tick();
    }
    if (this.#views.shown === 'devices') await this.#detail.update(this.#measurements, this.#silentAfterMs);
    this.#askedMs = performance.now() - beganMs;
    if (failure !== undefined) this.#fail(failure);
    else this.#showNote('');
    this.#sortAgain.hidden = ![...this.#groups.values()].some(({ isUnsorted }) => isUnsorted);
  }

  /** Shows at once that the gateway no longer answers, or answers again. */
  tick() {
    this.#tick();
  }

  get #silentAfterMs() {
    return this.#choices.silentAfterS * 1_000;
  }

  /** @returns {Asked} */
  #asked() {
    const { search, order, filter } = this.#choices;
    return {
      nowMs: this.#charts.now(),
      silentAfterMs: this.#silentAfterMs,
      search,
      order,
      filter,
      looks: (measurement, tag) => this.#looks.in(measurement, tag),
    };
  }

  /** @param {readonly MeasurementSummary[]} measurements */
  #takeMeasurements(measurements) {
    const isFirst = this.#measurements.length === 0;
    this.#measurements = measurements;
    this.#syncGroups();
    if (measurements.length === 0) this.#showNote('Nothing is in the store yet.');
    if (isFirst && measurements.length > 0) this.#refresh();
  }

  #syncGroups() {
    const byName = new Map(this.#measurements.map((summary) => [summary.name, summary]));
    for (const [name, group] of this.#groups) {
      if (byName.has(name)) continue;
      this.#view.unobserve(group.node);
      group.node.remove();
      this.#groups.delete(name);
    }
    const { list } = this.#charts.link.state;
    // The measurement of the link is shown however many there are.
    const first = byName.get(list?.measurement ?? '');
    for (const summary of first === undefined ? byName.values() : [first, ...byName.values()]) {
      const group = this.#groups.get(summary.name);
      if (group !== undefined) group.takeSummary(summary);
      else if (this.#groups.size < this.#maxGroups) this.#add(summary);
    }
    const rest = byName.size - this.#groups.size;
    this.#more.hidden = rest === 0;
    setText(this.#more, `Show more measurements (${count(rest)})`);
  }

  /** @param {MeasurementSummary} summary */
  #add(summary) {
    const group = new DevicesGroup(summary, {
      onChoose: (tag) => this.#charts.link.write({ list: { measurement: summary.name, tag } }),
      refresh: this.#refresh,
    });
    const { list } = this.#charts.link.state;
    if (list?.measurement === summary.name) group.chooseTag(list.tag);
    group.markOpen(this.#open.key);
    this.#groups.set(summary.name, group);
    this.#box.append(group.node);
    this.#view.observe(group.node);
  }

  #takeLooks() {
    const { answer } = this.#looks;
    this.#choices.showCounts(this.#looks.isKnown(this.#charts.now()) ? answer : undefined);
    this.#detail.showLook();
  }

  /** @param {ChoiceName} what */
  #choose(what) {
    if (what === 'silent') this.#charts.link.write({ silentAfterS: this.#choices.silentAfterS });
    this.#startOver();
  }

  #startOver() {
    for (const group of this.#groups.values()) group.startOver();
    this.#explain();
    this.#refresh();
  }

  #sort() {
    for (const group of this.#groups.values()) group.sortAgain();
    this.#refresh();
  }

  #showLooks() {
    this.#choices.filter = 'look';
    this.#startOver();
  }

  #explain() {
    const { order, silentAfterS } = this.#choices;
    const silent = `Silent: nothing for ${silentWords(silentAfterS)}, and longer than usual for it.`;
    setText(this.#words, `${ORDER_WORDS[order]} ${silent} Seen in the last 24 hours.`);
  }

  #followLink() {
    const { silentAfterS, list } = this.#charts.link.state;
    if (silentAfterS !== this.#choices.silentAfterS) {
      this.#choices.silentAfterS = silentAfterS;
      this.#startOver();
    }
    const group = this.#groups.get(list?.measurement ?? '');
    if (group !== undefined && list !== undefined && list.tag !== group.tag) {
      group.chooseTag(list.tag);
      group.startOver();
      this.#refresh();
    }
  }

  /** @param {DeviceAddress | undefined} before */
  #showOpen(before) {
    const { device, key } = this.#open;
    this.#detail.show(device);
    for (const group of this.#groups.values()) group.markOpen(key);
    if (device !== undefined) this.#detail.focus();
    else if (before !== undefined) for (const group of this.#groups.values()) group.focus(keyOf(before));
    this.#refresh();
  }

  #tick() {
    if (document.hidden || this.#views.shown !== 'devices') return;
    const nowMs = this.#charts.now();
    const isOld = !this.#isAnswering();
    for (const group of this.#groups.values()) group.tick(nowMs, isOld);
    this.#detail.tick(isOld);
  }

  /** @param {Failure} failure */
  #fail({ code, message }) {
    if (code === 'SINK_QUERY_UNSUPPORTED') {
      this.#isQueryable = false;
      byId('devices-body').hidden = true;
      this.#showNote('This store cannot be queried from here, so its devices cannot be listed.');
      return;
    }
    for (const group of this.#groups.values()) group.fail();
    this.#tick();
    const answered = [...this.#groups.values()].flatMap(({ answer }) =>
      answer === undefined ? [] : [answer.atMs],
    );
    const since =
      answered.length === 0
        ? ''
        : ` What is shown is ${asOfWords(Math.max(...answered), this.#charts.now())}.`;
    this.#showNote(`The store did not answer: ${foreign(message).replace(/\.?$/, '.')}${since}`);
  }

  #export() {
    const tables = [...this.#groups.values()].flatMap(({ measurement, answer }) =>
      answer === undefined ? [] : [{ measurement, tag: answer.tag, groups: answer.groups }],
    );
    const file = new Blob([devicesCsv(tables)], { type: 'text/csv;charset=utf-8' });
    const address = URL.createObjectURL(file);
    element('a', { href: address, download: 'devices.csv' }).click();
    setTimeout(() => URL.revokeObjectURL(address), 10_000);
  }

  /** @param {readonly IntersectionObserverEntry[]} entries */
  #noteVisible(entries) {
    for (const { target, isIntersecting } of entries) {
      const group = [...this.#groups.values()].find(({ node }) => node === target);
      if (group === undefined) continue;
      const cameIntoView = isIntersecting && !group.isInView;
      group.setInView(isIntersecting);
      if (cameIntoView) this.#refresh();
    }
    this.#tick();
  }

  /** @param {string} sentence */
  #showNote(sentence) {
    setText(this.#note, sentence);
    this.#note.hidden = sentence === '';
  }
}
