import { keyOf } from './devices-link.js';
import { byId, setAttribute, setText } from './dom.js';
import { count } from './format.js';
import { failureOf, getJson } from './poll.js';

/** @import { DeviceAddress, Failure, LiveState, Look, NeedsLook } from './types.js' */

export const LOOKS_EVERY_MS = 5_000;
/** The gateway asks the store every five seconds, or more slowly where that takes long. */
const OLD_MS = 60_000;

const byName = new Intl.Collator('en', { numeric: true });

/** Which devices need a look: for the rail of the Overview, the list of devices, and the number on its tab. */
export class Looks {
  /** @type {NeedsLook | undefined} the last good answer, sorted by measurement and name */
  answer;
  /** @type {Failure | undefined} why it cannot be known now */
  #failure;
  /** @type {Map<string, Look>} */
  #byDevice = new Map();
  /** @type {(() => void)[]} */
  #listeners = [];
  #badge = byId('devices-badge');

  /** @param {() => void} listener is called when it has become known, or has become unknown */
  onChange(listener) {
    this.#listeners.push(listener);
  }

  async update() {
    try {
      /** @type {NeedsLook} */
      const answer = await getJson('/api/needs-look');
      // The order of an answer may change; a row must not move because its neighbour has changed.
      const looks = answer.looks.toSorted(
        (a, b) => byName.compare(a.measurement, b.measurement) || byName.compare(a.name, b.name),
      );
      this.answer = { ...answer, looks };
      this.#failure = undefined;
      this.#byDevice = new Map(looks.map((look) => [keyOf(look), look]));
    } catch (thrown) {
      this.#failure = failureOf(thrown);
    }
    for (const listener of this.#listeners) listener();
  }

  /**
   * Whether the answer is of now. While the store does not answer, the gateway gives its last answer.
   *
   * @param {number} nowMs
   */
  isKnown(nowMs) {
    return this.answer !== undefined && this.#failure === undefined && nowMs - this.answer.asOfMs < OLD_MS;
  }

  /** Whether there was an answer or a failure. */
  get isAnswered() {
    return this.answer !== undefined || this.#failure !== undefined;
  }

  /**
   * Writes on the tab how many devices need a look; nothing before that is known.
   *
   * @param {LiveState['devices']} devices
   */
  showCount(devices) {
    const needLook = devices?.needLook ?? 0;
    this.#badge.hidden = needLook === 0;
    setText(this.#badge, count(needLook));
    setAttribute(
      this.#badge,
      'title',
      needLook === 1 ? '1 device needs a look' : `${count(needLook)} devices need a look`,
    );
  }

  /** Those of which it is known since when. */
  get since() {
    return (this.answer?.looks ?? []).flatMap((look) => {
      const { sinceMs } = look;
      return sinceMs === undefined ? [] : [{ ...look, sinceMs }];
    });
  }

  /** @param {DeviceAddress} device */
  of(device) {
    return this.#byDevice.get(keyOf(device));
  }

  /**
   * The devices of a measurement that need a look, as this tag names them.
   *
   * @param {string} measurement
   * @param {string} tag
   */
  in(measurement, tag) {
    const looks = this.answer?.looks ?? [];
    return looks.filter((look) => look.measurement === measurement && look.tag === tag);
  }
}
