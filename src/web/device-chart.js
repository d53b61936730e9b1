import { bucketFor } from './chart-range.js';
import { momentOf } from './chart-time.js';
import { LOOK_BACK_MS } from './devices-tag.js';
import { unitOf, valueWords } from './devices-view.js';
import { setText } from './dom.js';
import { foreign } from './format.js';
import { LinePlot } from './line-plot.js';
import { knownStyleOf, lineStyle } from './line-styles.js';
import { getJson } from './poll.js';

/** @import { DeviceAddress, MeasurementSummary, SeriesResponse, Value } from './types.js' */

/** A day in buckets of ten minutes does not change faster. */
const AGAIN_MS = 30_000;

/** The last 24 hours of the main field of one device. */
export class DeviceChart {
  #box;
  #words;
  #plot;
  #shownFor = '';
  #shownAtMs = Number.NEGATIVE_INFINITY;
  /** @type {{ timesMs: readonly number[], values: readonly Value[] }} */
  #drawn = { timesMs: [], values: [] };
  #caption = '';
  #unit = '';

  /** @param {HTMLElement} box @param {HTMLElement} words */
  constructor(box, words) {
    this.#box = box;
    this.#words = words;
    this.#plot = new LinePlot(box, (index) => this.#point(index));
  }

  clear() {
    this.#shownFor = '';
    this.#box.classList.add('is-asking');
    setText(this.#words, '');
  }

  /**
   * Draws the day, when it is due. Rejects with AnswerError.
   *
   * @param {DeviceAddress} device
   * @param {MeasurementSummary} summary
   * @param {string | undefined} field undefined: there is no number to draw
   * @param {number} nowMs
   */
  async update({ measurement, tag, name }, summary, field, nowMs) {
    this.#box.hidden = field === undefined;
    if (field === undefined) return;
    const key = JSON.stringify([measurement, tag, name, field]);
    if (key === this.#shownFor && nowMs - this.#shownAtMs < AGAIN_MS) return;
    const bucketMs = bucketFor(LOOK_BACK_MS);
    const toMs = Math.ceil(nowMs / bucketMs) * bucketMs;
    const fromMs = toMs - LOOK_BACK_MS;
    /** @type {SeriesResponse} */
    const { timesMs, groups } = await getJson('/api/series', [
      ['measurement', measurement],
      ['field', field],
      ...(tag === ''
        ? []
        : [
            ['by', tag],
            ['onlyTag', tag],
            ['only', name],
          ]),
      ['from', String(fromMs)],
      ['to', String(toMs)],
      ['buckets', String(LOOK_BACK_MS / bucketMs)],
      ['limit', '1'],
    ]);
    this.#shownFor = key;
    this.#shownAtMs = nowMs;
    this.#unit = unitOf(summary.fields, field);
    this.#caption = `${foreign(field, 60)}, last 24 h, ${bucketMs / 60_000} min a point`;
    this.#drawn = { timesMs, values: groups.at(0)?.values ?? [] };
    const style = knownStyleOf(measurement, tag, name) ?? lineStyle(0);
    const lines = groups.map((group) => ({ ...group, label: name, style, isShown: true }));
    this.#box.classList.remove('is-asking');
    const { unit = '', expected } = summary.fields.find((each) => each.name === field) ?? {};
    const marks = { unit, expected, nowMs, callouts: [], looks: [name], hasWords: true };
    this.#plot.show({ fromMs, toMs }, timesMs, lines, marks);
    this.#point(null);
  }

  /** @param {number | null} index */
  #point(index) {
    const { timesMs, values } = this.#drawn;
    if (index === null || timesMs[index] === undefined) {
      setText(this.#words, this.#caption);
      return;
    }
    const value = values[index] ?? undefined;
    const words = value === undefined ? 'no value' : `${valueWords(value)} ${foreign(this.#unit, 20)}`.trim();
    setText(this.#words, `${momentOf(timesMs[index], 60_000, this.#shownAtMs)}: ${words}`);
  }
}
