import { arrivalDetails } from './arrival-details.js';
import { arrivalRow } from './arrival-row.js';
import { arrivalSentence } from './arrival-words.js';
import { ArrivalsStream } from './arrivals-stream.js';
import { byId, element, putInOrder, setText } from './dom.js';
import { count, foreign, rate } from './format.js';
import { addressText, publishAddress } from './publish-address.js';
import { RecentArrivals } from './recent-arrivals.js';

/** @import { Drawer } from './drawer.js' */
/** @import { Arrival, ArrivalsScope, FirstStepsView, LiveState, Rates } from './types.js' */

/** Of a device that somebody looks for, more than the rows that are in sight: the list scrolls. */
const MAX_ROWS = 7;
const MAX_FOUND = 50;
/** A person who types is not finished yet. */
const TYPED_MS = 300;
/** A screen reader must be able to finish a sentence. */
const ANNOUNCE_EVERY_MS = 5_000;

/** The rail "Arriving now": a message a second, or all of a device that somebody looks for. */
export class ArrivalsPanel {
  /** Called with each message, and again when more is known of it. */
  /** @type {(arrival: Arrival) => void} */
  onArrival = () => {};
  #drawer;
  #stream;
  #recent = new RecentArrivals(MAX_ROWS);
  /** @type {Map<string, { item: HTMLLIElement; button: HTMLButtonElement; shown: Arrival }>} */
  #rows = new Map();
  /** @type {ArrivalsScope} */
  #scope = { sees: 'whole-path' };
  #search = '';
  #omitted = 0;
  #isRefused = false;
  #isPointedAt = false;
  #announcedAtMs = Number.NEGATIVE_INFINITY;
  #publishTo = '';
  #rateWords = '';
  #isStoreAway = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #typing;
  /** The id of the message in the drawer. */
  #opened = '';
  #list = byId('arrivals-rows');
  #note = byId('arrivals-note');
  #rate = byId('arrivals-rate');
  #find = byId('arrivals-find', HTMLInputElement);
  #announcement = byId('arrivals-announcement');

  /** @param {Drawer} drawer */
  constructor(drawer) {
    this.#drawer = drawer;
    this.#stream = new ArrivalsStream({
      onArrival: (arrival) => this.#take(arrival),
      onScope: (scope) => {
        this.#scope = scope;
        this.#showWords();
      },
      onOmitted: (omitted) => {
        this.#omitted += omitted;
        this.#showWords();
      },
      onRefused: (isRefused) => {
        this.#isRefused = isRefused;
        this.#showWords();
      },
    });
    this.#find.addEventListener('input', () => {
      clearTimeout(this.#typing);
      this.#typing = setTimeout(() => this.#look(), TYPED_MS);
    });
    // Rows must not move under a finger, or away from the focus.
    this.#list.addEventListener('pointerenter', () => this.#pointed(true));
    this.#list.addEventListener('pointerleave', () => this.#pointed(false));
    this.#list.addEventListener('focusin', () => this.#pauseOrResume());
    this.#list.addEventListener('focusout', ({ relatedTarget }) => {
      if (!(relatedTarget instanceof Node && this.#list.contains(relatedTarget))) this.#pauseOrResume(false);
    });
  }

  /** @param {boolean} isShown whether its view is shown */
  setShown(isShown) {
    this.#stream.setWanted(isShown);
  }

  /** @param {LiveState} state @param {Rates} rates */
  show({ broker, sink }, rates) {
    const perSecond = rates.perSecond(broker === undefined ? 'reader' : 'broker');
    this.#rateWords = perSecond === null ? '' : `${rate(perSecond)} a second`;
    this.#isStoreAway = sink?.status.state === 'retrying';
    this.#showWords();
  }

  /** @param {FirstStepsView} steps */
  showAddress({ listeners }) {
    const address = publishAddress(listeners, location.hostname);
    this.#publishTo = address === undefined ? '' : addressText(address);
    this.#showWords();
  }

  /**
   * Shows a message in the drawer, and what becomes of it while it is open.
   *
   * @param {Arrival} arrival
   */
  open(arrival) {
    this.#drawer.open(foreign(arrival.topic, 200), arrivalDetails(arrival, this.#scope), () => {
      this.#opened = '';
    });
    this.#opened = arrival.id;
  }

  #look() {
    this.#search = this.#find.value.trim();
    this.#recent = new RecentArrivals(this.#search === '' ? MAX_ROWS : MAX_FOUND);
    this.#omitted = 0;
    setText(this.#announcement, '');
    this.#stream.search(this.#search);
    this.#draw();
    this.#showWords();
  }

  /** @param {Arrival} arrival */
  #take(arrival) {
    this.onArrival(arrival);
    this.#recent.add(arrival);
    if (this.#opened === arrival.id) this.#drawer.fill(arrivalDetails(arrival, this.#scope));
    this.#draw();
    this.#announce(arrival);
    this.#showWords();
  }

  /** Only what somebody looks for is read out: a message a second would never end. @param {Arrival} arrival */
  #announce(arrival) {
    const nowMs = performance.now();
    const isKnown = arrival.outcome !== 'waiting' || this.#scope.sees === 'receiving' || this.#isStoreAway;
    if (this.#search === '' || !isKnown || nowMs - this.#announcedAtMs < ANNOUNCE_EVERY_MS) return;
    this.#announcedAtMs = nowMs;
    setText(this.#announcement, arrivalSentence(arrival, this.#scope.sees));
  }

  /** @param {boolean} isPointedAt */
  #pointed(isPointedAt) {
    this.#isPointedAt = isPointedAt;
    this.#pauseOrResume();
  }

  #pauseOrResume(hasFocus = this.#list.contains(document.activeElement)) {
    if (this.#isPointedAt || hasFocus) this.#recent.pause();
    else this.#recent.resume();
    this.#draw();
    this.#showWords();
  }

  #draw() {
    const rows = this.#recent.rows.map((arrival) => this.#row(arrival));
    putInOrder(
      this.#list,
      rows.map(({ item }) => item),
    );
    for (const [id, { item }] of this.#rows) if (!item.isConnected) this.#rows.delete(id);
  }

  /** @param {Arrival} arrival */
  #row(arrival) {
    const known = this.#rows.get(arrival.id);
    if (known?.shown === arrival) return known;
    const row = known ?? this.#newRow(arrival);
    row.shown = arrival;
    row.button.replaceChildren(...arrivalRow(arrival, this.#scope.sees));
    return row;
  }

  /** @param {Arrival} arrival */
  #newRow(arrival) {
    const button = element('button', { type: 'button', class: 'arrival', 'aria-haspopup': 'dialog' });
    const item = element('li', {}, button);
    const row = { item, button, shown: arrival };
    button.addEventListener('click', () => this.open(row.shown));
    this.#rows.set(arrival.id, row);
    return row;
  }

  #showWords() {
    const { isPaused, held } = this.#recent;
    setText(this.#rate, isPaused && held > 0 ? `held while you look: ${count(held)} new` : this.#rateWords);
    setText(this.#note, this.#noteWords());
  }

  #noteWords() {
    if (this.#isRefused) return 'The gateway shows what arrives to too many pages already; trying again.';
    const parts = [];
    if (this.#scope.note !== undefined) parts.push(this.#scope.note);
    if (this.#search !== '') {
      if (this.#recent.rows.length === 0)
        parts.push(`Nothing with “${foreign(this.#search, 60)}” has arrived since you look for it.`);
      if (this.#omitted > 0) parts.push(`${count(this.#omitted)} more came too fast to be shown.`);
    } else if (this.#isStoreAway) {
      parts.push('Messages are kept on the disk of the gateway and wait to be stored.');
    } else {
      parts.push('One message a second is shown; all of a device once you look for it.');
      if (this.#publishTo !== '')
        parts.push(`Publish to ${this.#publishTo}, and it appears here within a second.`);
    }
    return parts.join(' ');
  }
}
