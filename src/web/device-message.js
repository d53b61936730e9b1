import { arrivalDetails } from './arrival-details.js';
import { ArrivalsStream } from './arrivals-stream.js';
import { byId, setText } from './dom.js';

/** @import { Arrival, ArrivalsScope, DeviceAddress } from './types.js' */

/** A device may send a hundred messages a second; nobody reads faster than this. */
const DRAW_EVERY_MS = 1_000;

/**
 * The last message of the device whose details are open, with what became of it. The gateway keeps no message of a device
 * that nobody watches, so it is the next one that comes while the details are open.
 */
export class DeviceMessage {
  /** @type {DeviceAddress | undefined} */
  #device;
  /** @type {string | undefined} the topic of which messages cannot be read, and so name no device */
  #topic;
  /** @type {Arrival | undefined} */
  #last;
  /** @type {ArrivalsScope} */
  #scope = { sees: 'whole-path' };
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #drawing;
  #drawnAtMs = Number.NEGATIVE_INFINITY;
  #note = byId('device-message-note');
  #body = byId('device-message');
  #stream = new ArrivalsStream({
    onArrival: (arrival) => this.#take(arrival),
    onScope: (scope) => {
      this.#scope = scope;
    },
    onOmitted: () => {},
    onRefused: (isRefused) => this.#showNote(isRefused),
  });

  /**
   * Shows the messages of this device from now on; undefined: of none.
   *
   * @param {DeviceAddress | undefined} device
   */
  watch(device) {
    this.#device = device;
    this.#topic = undefined;
    this.#last = undefined;
    clearTimeout(this.#drawing);
    this.#body.replaceChildren();
    this.#showNote(false);
    // Closed before it looks for another: the stream of a search is not kept for the next one.
    this.#stream.setWanted(false);
    this.#stream.search(device?.name ?? '');
    this.#stream.setWanted(device !== undefined && device.name !== '');
  }

  /** @param {string | undefined} topic of which no message can be read now */
  takeTopic(topic) {
    this.#topic = topic;
  }

  /** @param {Arrival} arrival */
  #take(arrival) {
    // The search finds also devices, topics and clients that only contain the name.
    const isItsOwn =
      arrival.device === this.#device?.name ||
      arrival.client === this.#device?.name ||
      arrival.topic === this.#topic;
    if (!isItsOwn || (this.#last !== undefined && BigInt(arrival.id) < BigInt(this.#last.id))) return;
    this.#last = arrival;
    clearTimeout(this.#drawing);
    this.#drawing = setTimeout(() => this.#draw(), this.#drawnAtMs + DRAW_EVERY_MS - performance.now());
  }

  #draw() {
    if (this.#last === undefined) return;
    this.#drawnAtMs = performance.now();
    // What is being selected or used stays.
    if (this.#body.contains(document.activeElement)) return;
    this.#note.hidden = true;
    this.#body.replaceChildren(...arrivalDetails(this.#last, this.#scope));
  }

  /** @param {boolean} isRefused */
  #showNote(isRefused) {
    const words = 'Waiting for its next message…';
    setText(
      this.#note,
      isRefused ? 'The gateway watches for too many devices already; trying again.' : words,
    );
    this.#note.hidden = this.#last !== undefined;
  }
}
