/** @import { Arrival, ArrivalsScope } from './types.js' */

/**
 * @typedef {object} ArrivalsListener
 * @property {(arrival: Arrival) => void} onArrival
 * @property {(scope: ArrivalsScope) => void} onScope
 * @property {(count: number) => void} onOmitted
 * @property {(isRefused: boolean) => void} onRefused
 */

/** The gateway has refused a stream, because there are too many: the page tries again this often. */
const AGAIN_MS = 20_000;

/**
 * Receives what arrives, as server-sent events. The gateway samples only while a stream is open, so there is one only while
 * somebody can see it.
 */
export class ArrivalsStream {
  #listener;
  #find = '';
  #isWanted = false;
  /** @type {EventSource | null} */
  #source = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #again;

  /** @param {ArrivalsListener} listener */
  constructor(listener) {
    this.#listener = listener;
    document.addEventListener('visibilitychange', () => this.#update());
  }

  /** @param {boolean} isWanted whether what arrives is in the view that is shown */
  setWanted(isWanted) {
    this.#isWanted = isWanted;
    this.#update();
  }

  /** @param {string} find '' shows a sample of everything */
  search(find) {
    if (find === this.#find) return;
    this.#find = find;
    this.#close();
    this.#update();
  }

  #update() {
    if (this.#isWanted && !document.hidden) this.#open();
    else this.#close();
  }

  #close() {
    this.#source?.close();
    this.#source = null;
    clearTimeout(this.#again);
  }

  #open() {
    if (this.#source !== null || typeof EventSource === 'undefined') return;
    clearTimeout(this.#again);
    const query = this.#find === '' ? '' : `?find=${encodeURIComponent(this.#find)}`;
    const source = new EventSource(`/api/arrivals${query}`);
    this.#source = source;
    source.addEventListener('scope', ({ data }) => {
      this.#listener.onRefused(false);
      this.#listener.onScope(JSON.parse(data));
    });
    source.addEventListener('arrival', ({ data }) => this.#listener.onArrival(JSON.parse(data)));
    source.addEventListener('omitted', ({ data }) => this.#listener.onOmitted(JSON.parse(data).count));
    source.addEventListener('error', () => {
      // CONNECTING: the browser already reconnects.
      if (source.readyState !== EventSource.CLOSED || this.#source !== source) return;
      this.#close();
      this.#listener.onRefused(true);
      this.#again = setTimeout(() => this.#update(), AGAIN_MS);
    });
  }
}
