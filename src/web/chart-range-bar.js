import { complaintAbout, PRESETS, presetOf } from './chart-range.js';
import { localInput, momentOf, rangeWords, zoneOf } from './chart-time.js';
import { byId, element, setClass, setText } from './dom.js';

/** @import { RangeControl } from './chart-range-control.js' */
/** @import { StoreWay } from './types.js' */

const MINUTE_MS = 60_000;

/** Presets, a custom range, the range in words, and the buttons back. */
export class RangeBar {
  #range;
  /** @type {Map<(typeof PRESETS)[number], HTMLInputElement>} */
  #presets = new Map();
  #words = byId('range-words');
  /** Only for screen readers: the segments show it. */
  #liveWords = element('span', { class: 'unseen' });
  #zone = byId('range-zone');
  #live = byId('back-to-live');
  #undo = byId('undo-zoom');
  #custom = byId('custom-range');
  #from = byId('custom-from', HTMLInputElement);
  #to = byId('custom-to', HTMLInputElement);
  #note = byId('custom-note');
  #toggle;

  /** @param {RangeControl} range */
  constructor(range) {
    this.#range = range;
    const labels = PRESETS.map((preset) => {
      const input = element('input', { type: 'radio', name: 'range', value: preset.key });
      input.addEventListener('change', () => range.choose({ kind: 'live', spanMs: preset.spanMs }));
      this.#presets.set(preset, input);
      return element('label', {}, input, element('span', {}, preset.label));
    });
    this.#toggle = element(
      'button',
      { type: 'button', id: 'custom-toggle', 'aria-expanded': 'false', 'aria-controls': 'custom-range' },
      element('span', { class: 'wide-only' }, 'Custom'),
      '…',
    );
    this.#toggle.setAttribute('aria-label', 'Custom…');
    byId('ranges').append(...labels, this.#toggle);
    this.#toggle.addEventListener('click', () => this.#open(Boolean(this.#custom.hidden)));
    this.#live.addEventListener('click', () => range.live());
    this.#undo.addEventListener('click', () => range.undo());
    this.#custom.addEventListener('submit', (submit) => {
      submit.preventDefault();
      this.#showCustom();
    });
    this.#custom.addEventListener('keydown', ({ key }) => {
      if (key !== 'Escape') return;
      this.#open(false);
      this.#toggle.focus();
    });
  }

  /** @param {number} nowMs @param {StoreWay} way */
  update(nowMs, { waitingFromMs }) {
    const { view } = this.#range;
    const preset = presetOf(view);
    for (const [one, input] of this.#presets) input.checked = one === preset;
    const isLive = view.kind === 'live';
    setClass(this.#toggle, isLive ? '' : 'chosen');
    const words = rangeWords(view, nowMs);
    if (!isLive) {
      this.#show('range-words', `${words} (${zoneOf(view.fromMs)})`);
    } else if (waitingFromMs !== undefined) {
      this.#show('range-words waiting', `Charts up to ${momentOf(waitingFromMs, MINUTE_MS, nowMs)}`, words);
    } else {
      this.#show('range-words live', 'Live', words);
    }
    setText(this.#zone, `Times of this browser, ${zoneOf(nowMs)}.`);
    this.#live.hidden = isLive;
    this.#undo.hidden = !this.#range.canUndo;
  }

  /** @param {string} look @param {string} words @param {string} [unseen] */
  #show(look, words, unseen = '') {
    setClass(this.#words, look);
    setText(this.#liveWords, unseen === '' ? '' : `, ${unseen}`);
    if (this.#words.textContent === words + this.#liveWords.textContent) return;
    this.#words.replaceChildren(words, this.#liveWords);
  }

  /** @param {boolean} isOpen */
  #open(isOpen) {
    this.#custom.hidden = !isOpen;
    this.#toggle.setAttribute('aria-expanded', String(isOpen));
    if (!isOpen) return;
    const { fromMs, toMs } = this.#range.edges;
    this.#from.value = localInput(fromMs);
    this.#to.value = localInput(toMs);
    this.#showNote('');
    this.#from.focus();
  }

  #showCustom() {
    const fromMs = Date.parse(this.#from.value);
    const toMs = Date.parse(this.#to.value);
    const complaint = complaintAbout(fromMs, toMs);
    this.#showNote(complaint);
    if (complaint === '') this.#range.choose({ kind: 'fixed', fromMs, toMs });
  }

  /** @param {string} complaint */
  #showNote(complaint) {
    setClass(this.#note, complaint === '' ? 'note' : 'note stopped');
    setText(this.#note, complaint || `Times of this browser, ${zoneOf(Date.parse(this.#from.value))}.`);
  }
}
