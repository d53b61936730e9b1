import { momentOf } from './chart-time.js';
import { DevicesChoices } from './devices-choices.js';
import { devicesCsv } from './devices-csv.js';
import { DeviceRows } from './devices-rows.js';
import { findDeviceTag, LOOK_BACK_MS } from './devices-tag.js';
import { columnsOf, countWords, silentWords } from './devices-view.js';
import { byId, element, setText } from './dom.js';
import { count, foreign } from './format.js';
import { setDisabled } from './keep-focus.js';
import { failureOf, getJson } from './poll.js';

/** @import { ChoiceName } from './devices-choices.js' */
/** @import { ChartsPanel } from './charts-panel.js' */
/** @import { Views } from './views.js' */
/** @import { Failure, LatestPage, MeasurementSummary, Refresh } from './types.js' */

/** @typedef {LatestPage & { tag: string, atMs: number }} DevicesAnswer */

const ROWS_A_PAGE = 50;
const REFRESH_AT_LEAST_MS = 5_000;
/** The page waits ten times as long as an answer took: the store spends at most a tenth of its time on this table. */
const REST_PER_ASKED = 10;
const TICK_MS = 1_000;

/** Which devices report, which are late, which are silent: one page of the devices of a measurement. */
export class DevicesPanel {
  #charts;
  #refresh;
  #choices;
  #rows;
  /** @type {readonly MeasurementSummary[]} */
  #measurements = [];
  #tagFor = '';
  #offset = 0;
  #isInView = false;
  /** False once the store has answered that it cannot be queried. */
  #isQueryable = true;
  #askedMs = 0;
  #askedFor = 0;
  /**
   * The last good answer.
   *
   * @type {DevicesAnswer | undefined}
   */
  #answer;
  /** Whether the store has failed to answer since. */
  #isOld = false;
  #section = byId('devices');
  #counts = byId('devices-counts');
  #note = byId('devices-note');
  #box = byId('devices-table');
  #heads = byId('devices-heads');
  #foot = byId('devices-foot');
  #position = byId('devices-position');
  #previous = byId('devices-previous', HTMLButtonElement);
  #next = byId('devices-next', HTMLButtonElement);

  /**
   * `charts`: the panel that knows the measurements and the link. `refresh`: asks the page to call `update` soon.
   *
   * @param {ChartsPanel} charts
   * @param {Views} views
   * @param {Refresh} refresh
   */
  constructor(charts, views, refresh) {
    this.#charts = charts;
    this.#refresh = refresh;
    const { silentAfterS } = charts.link.state;
    this.#choices = new DevicesChoices(silentAfterS, (what) => this.#choose(what));
    this.#rows = new DeviceRows(byId('devices-rows'), (name) => {
      views.open('overview');
      charts.show(this.#choices.measurement, this.#choices.tag, name);
    });
    charts.onMeasurements = (measurements) => this.#takeMeasurements(measurements);
    charts.onFailure = (failure) => this.#fail(failure);
    this.#previous.addEventListener('click', () => this.#turn(-ROWS_A_PAGE));
    this.#next.addEventListener('click', () => this.#turn(ROWS_A_PAGE));
    byId('devices-csv').addEventListener('click', () => this.#export());
    addEventListener('popstate', () => this.#followLink());
    setInterval(() => this.#tick(), TICK_MS);
    new IntersectionObserver(([{ isIntersecting }]) => {
      this.#isInView = isIntersecting;
      if (isIntersecting) refresh();
    }).observe(this.#section);
  }

  get refreshMs() {
    return Math.max(REFRESH_AT_LEAST_MS, this.#askedMs * REST_PER_ASKED);
  }

  /** Asks for the current page of the table, unless it is out of view. */
  async update() {
    if (!this.#isInView || this.#measurements.length === 0 || !this.#isQueryable) return;
    this.#askedFor += 1;
    const asked = this.#askedFor;
    const beganMs = performance.now();
    try {
      await this.#findTag();
      const { tag } = this.#choices;
      /** @type {LatestPage} */
      const answer = await getJson('/api/latest', this.#request());
      // When the person has chosen something else meanwhile, the page asks again at once.
      if (asked === this.#askedFor) this.#show({ ...answer, tag, atMs: this.#charts.now() });
    } catch (thrown) {
      if (asked === this.#askedFor) this.#fail(failureOf(thrown));
    } finally {
      this.#askedMs = performance.now() - beganMs;
    }
  }

  /** @param {readonly MeasurementSummary[]} measurements */
  #takeMeasurements(measurements) {
    const isFirst = this.#measurements.length === 0;
    this.#measurements = measurements;
    this.#section.hidden = measurements.length === 0;
    const before = this.#choices.measurement;
    this.#choices.showMeasurements(measurements.map(({ name }) => name));
    if (isFirst) this.#takeList();
    else if (this.#choices.measurement !== before) this.#startOver();
    if (isFirst) this.#refresh();
  }

  /** Takes measurement and tag from the link, if they exist. */
  #takeList() {
    const { list } = this.#charts.link.state;
    const summary = this.#measurements.find(({ name }) => name === list?.measurement);
    if (list === undefined || summary === undefined) return;
    this.#choices.measurement = summary.name;
    if (!summary.tags.includes(list.tag)) return;
    this.#choices.showTags(summary.tags);
    this.#choices.tag = list.tag;
    this.#tagFor = JSON.stringify([summary.name, summary.tags]);
  }

  #followLink() {
    this.#choices.silentAfterS = this.#charts.link.state.silentAfterS;
    this.#takeList();
    this.#startOver();
  }

  /** @param {ChoiceName} what */
  #choose(what) {
    const { measurement, tag, silentAfterS } = this.#choices;
    if (what === 'silent') this.#charts.link.write({ silentAfterS });
    // Another measurement has other tags: the page first finds the best of them.
    if (what === 'measurement') this.#charts.link.write({ list: { measurement, tag: '' } });
    if (what === 'tag') this.#charts.link.write({ list: { measurement, tag } });
    this.#startOver();
  }

  #startOver() {
    this.#offset = 0;
    this.#askedFor += 1;
    this.#refresh();
  }

  /** @param {number} rows */
  #turn(rows) {
    this.#offset = Math.max(0, this.#offset + rows);
    this.#askedFor += 1;
    this.#refresh();
  }

  get #summary() {
    return this.#measurements.find(({ name }) => name === this.#choices.measurement);
  }

  async #findTag() {
    const summary = this.#summary;
    if (summary === undefined) return;
    const key = JSON.stringify([summary.name, summary.tags]);
    if (key === this.#tagFor) return;
    const tag = await findDeviceTag(summary, this.#charts.now());
    if (summary !== this.#summary) return;
    this.#tagFor = key;
    this.#choices.showTags(summary.tags);
    if (tag !== undefined) this.#choices.tag = tag;
  }

  #request() {
    const { measurement, tag, search, order, silentAfterS } = this.#choices;
    const nowMs = Math.floor(this.#charts.now());
    return {
      measurement,
      ...(tag === '' ? {} : { by: tag }),
      from: String(nowMs - LOOK_BACK_MS),
      silentBefore: String(nowMs - silentAfterS * 1_000),
      search,
      order,
      offset: String(this.#offset),
      limit: String(ROWS_A_PAGE),
    };
  }

  /** @param {DevicesAnswer} answer */
  #show(answer) {
    const summary = this.#summary;
    if (summary === undefined) return;
    if (answer.groups.length === 0 && this.#offset > 0) {
      // There are fewer devices now, and this page no longer exists.
      this.#startOver();
      return;
    }
    this.#answer = answer;
    this.#isOld = false;
    const { tag, groups, found, devices } = answer;
    setText(this.#counts, countWords(answer));
    const { columns, omitted } = columnsOf(summary.fields);
    this.#showHeads(tag, columns);
    this.#rows.show(tag, columns, groups);
    this.#tick();
    this.#box.hidden = groups.length === 0;
    this.#showNote(
      groups.length > 0
        ? ''
        : devices === 0
          ? 'Nothing was received in the last 24 hours.'
          : 'No device is called so.',
    );
    const first = Math.min(found, this.#offset + 1);
    setText(this.#position, `${count(first)} to ${count(this.#offset + groups.length)} of ${count(found)}`);
    setDisabled(this.#previous, this.#offset === 0);
    setDisabled(this.#next, this.#offset + groups.length >= found);
    this.#explain(omitted);
  }

  /** @param {number} omitted */
  #explain(omitted) {
    const { silentAfterS } = this.#choices;
    const columns =
      omitted === 0 ? '' : ` ${count(omitted)} more ${omitted === 1 ? 'field is' : 'fields are'} in the CSV.`;
    const quiet = `Silent: nothing for ${silentWords(silentAfterS)}; late: for half of that.`;
    setText(this.#foot, `Seen in the last 24 hours. ${quiet}${columns}`);
  }

  /** @param {string} tag @param {readonly string[]} columns */
  #showHeads(tag, columns) {
    const names = [tag === '' ? 'Measurement' : tag, 'State', 'Last value', ...columns];
    const key = JSON.stringify(names);
    if (this.#heads.dataset.key === key) return;
    this.#heads.dataset.key = key;
    const unseen = element('th', { scope: 'col' }, element('span', { class: 'unseen' }, 'Chart'));
    const heads = names.map((name, nth) =>
      element('th', { scope: 'col', class: nth > 2 ? 'reading' : '' }, foreign(name, 60)),
    );
    this.#heads.replaceChildren(...heads, unseen);
  }

  #tick() {
    if (document.hidden || !this.#isInView) return;
    // While the store does not answer, nobody can know which devices are silent: the times stop.
    const nowMs = this.#isOld && this.#answer ? this.#answer.atMs : this.#charts.now();
    this.#rows.tick(nowMs, this.#choices.silentAfterS * 1_000);
  }

  /** @param {Failure} failure */
  #fail({ code, message }) {
    if (code === 'SINK_QUERY_UNSUPPORTED') {
      this.#isQueryable = false;
      this.#section.hidden = false;
      byId('devices-body').hidden = true;
      this.#showNote('This store cannot be queried from here, so its devices cannot be listed.');
      return;
    }
    this.#isOld = this.#answer !== undefined;
    this.#tick();
    const since = this.#answer === undefined ? '' : ` What is shown is of ${this.#timeOf(this.#answer)}.`;
    this.#showNote(`The store did not answer: ${foreign(message).replace(/\.?$/, '.')}${since}`);
  }

  /** @param {DevicesAnswer} answer */
  #timeOf({ atMs }) {
    return momentOf(atMs, 1_000, this.#charts.now());
  }

  #export() {
    if (this.#answer === undefined) return;
    const { tag, groups } = this.#answer;
    const file = new Blob([devicesCsv(tag || 'measurement', groups)], { type: 'text/csv;charset=utf-8' });
    const address = URL.createObjectURL(file);
    element('a', { href: address, download: 'devices.csv' }).click();
    setTimeout(() => URL.revokeObjectURL(address), 10_000);
  }

  /** @param {string} sentence */
  #showNote(sentence) {
    setText(this.#note, sentence);
    this.#note.hidden = sentence === '';
  }
}
