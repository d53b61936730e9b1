import { ChooserList } from './chart-chooser-list.js';
import { MAX_CHOSEN } from './chart-hash.js';
import { fillSelect } from './chart-select.js';
import { findDeviceTag, LOOK_BACK_MS } from './devices-tag.js';
import { element, setText } from './dom.js';
import { count, foreign } from './format.js';
import { failureOf, getJson } from './poll.js';

/** @import { Attributes, Child, LatestPage, MeasurementSummary } from './types.js' */

const SUGGESTIONS = 20;
const ASK_AFTER_MS = 200;

/** Picks values of a tag to compare: a search that asks the store, and the chosen ones as chips. */
export class DeviceChooser {
  toggle;
  box;
  /** The row of choices at the top of the box. */
  asks;
  chips;
  tag = '';
  /** @type {readonly string[]} */
  chosen = [];
  #summary;
  #now;
  #onChange;
  #tags = element('select');
  #search = element('input', { type: 'search', role: 'combobox', autocomplete: 'off', spellcheck: 'false' });
  #note = element('p', { class: 'note', role: 'status' });
  #list;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #askTimer;
  #askedFor = 0;

  /**
   * `id`: unique on the page. `onChange`: after each choice.
   *
   * @param {string} id
   * @param {MeasurementSummary} summary
   * @param {() => number} now
   * @param {() => void} onChange
   */
  constructor(id, summary, now, onChange) {
    this.#summary = summary;
    this.#now = now;
    this.#onChange = onChange;
    this.toggle = element(
      'button',
      { type: 'button', class: 'quiet', 'aria-expanded': 'false', 'aria-controls': `${id}-box` },
      'Compare…',
    );
    this.#list = new ChooserList(`${id}-list`, this.#search, (name) => this.#flip(name));
    this.asks = element(
      'div',
      { class: 'chooser-asks' },
      element('label', {}, 'Tag', this.#tags),
      element('label', { class: 'search' }, 'Find', this.#search),
    );
    this.box = element(
      'div',
      { class: 'chooser', id: `${id}-box`, hidden: '' },
      this.asks,
      this.#list.node,
      this.#note,
    );
    this.chips = element('ul', { class: 'chips', 'aria-label': 'Compared', hidden: '' });
    this.toggle.addEventListener('click', () => this.#open(Boolean(this.box.hidden)));
    this.#search.addEventListener('input', () => this.#askSoon());
    this.#tags.addEventListener('change', () => {
      this.choose(this.#tags.value, []);
      this.#onChange();
      void this.#ask();
    });
    this.box.addEventListener('keydown', (key) => {
      if (key.key !== 'Escape') return;
      void this.#open(false);
      this.toggle.focus();
    });
    this.update(summary);
  }

  /** @param {MeasurementSummary} summary */
  update(summary) {
    this.#summary = summary;
    this.toggle.hidden = summary.tags.length === 0;
    fillSelect(
      this.#tags,
      summary.tags.map((name) => ({ name, value: name })),
    );
    if (this.tag !== '') this.#tags.value = this.tag;
  }

  /**
   * Replaces the choice; does not call `onChange`.
   *
   * @param {string} tag
   * @param {readonly string[]} values
   */
  choose(tag, values) {
    this.tag = tag;
    this.chosen = values.slice(0, MAX_CHOSEN);
    this.#tags.value = tag;
    this.#showChips();
    this.#list.mark(this.chosen);
  }

  /** @param {boolean} isOpen */
  async #open(isOpen) {
    this.box.hidden = !isOpen;
    this.toggle.setAttribute('aria-expanded', String(isOpen));
    if (!isOpen) return;
    this.#search.focus();
    if (this.tag === '') {
      const tag = await findDeviceTag(this.#summary, this.#now()).catch(() => this.#summary.tags[0]);
      if (this.tag === '' && tag !== undefined) this.choose(tag, []);
    }
    await this.#ask();
  }

  #askSoon() {
    clearTimeout(this.#askTimer);
    this.#askTimer = setTimeout(() => this.#ask(), ASK_AFTER_MS);
  }

  async #ask() {
    // The page is still looking for the tag that identifies devices.
    if (this.tag === '') return;
    this.#askedFor += 1;
    const asked = this.#askedFor;
    const from = String(Math.floor(this.#now() - LOOK_BACK_MS));
    const search = this.#search.value;
    try {
      /** @type {LatestPage} */
      const answer = await getJson('/api/latest', {
        measurement: this.#summary.name,
        by: this.tag,
        from,
        silentBefore: from,
        search,
        order: 'name',
        limit: String(SUGGESTIONS),
      });
      // A slow answer to what was typed before must not replace that to what is typed now.
      if (asked === this.#askedFor) this.#show(answer);
    } catch (thrown) {
      if (asked === this.#askedFor)
        setText(this.#note, `The store did not answer: ${foreign(failureOf(thrown).message)}`);
    }
  }

  /** @param {LatestPage} answer */
  #show({ found, groups }) {
    this.#list.show(
      groups.map(({ name }) => name).filter((name) => name !== ''),
      this.chosen,
    );
    if (found === 0) setText(this.#note, 'None found in the last 24 hours.');
    else if (found <= groups.length) setText(this.#note, `${count(found)} found.`);
    else
      setText(
        this.#note,
        `${count(found)} found, the first ${groups.length} listed. Type to narrow it down.`,
      );
  }

  /** @param {string} name */
  #flip(name) {
    const isChosen = this.chosen.includes(name);
    if (!isChosen && this.chosen.length >= MAX_CHOSEN) {
      setText(this.#note, `At most ${MAX_CHOSEN} lines can be shown. Remove one first.`);
      return;
    }
    const rest = this.chosen.filter((one) => one !== name);
    this.choose(this.tag, isChosen ? rest : [...rest, name]);
    this.#onChange();
  }

  #showChips() {
    this.chips.hidden = this.chosen.length === 0;
    const chips = this.chosen.map((name) => {
      const shown = foreign(name, 60) || `(without ${foreign(this.tag, 60)})`;
      const label = { type: 'button', class: 'chip', 'aria-label': `Remove ${shown}`, title: foreign(name) };
      return this.#chip(label, element('bdi', {}, shown), () => this.#flip(name));
    });
    const all = { type: 'button', class: 'chip all' };
    const clear = () => {
      this.choose(this.tag, []);
      this.#onChange();
    };
    if (chips.length > 1) chips.push(this.#chip(all, 'Remove all', clear));
    this.chips.replaceChildren(...chips);
  }

  /** @param {Attributes} attributes @param {Child} label @param {() => void} act */
  #chip(attributes, label, act) {
    const button = element('button', attributes, label);
    button.addEventListener('click', () => {
      const nth = [...this.chips.querySelectorAll('button')].indexOf(button);
      act();
      // The pressed one is gone: the focus goes to its neighbour, not to the top of the page.
      (
        this.chips.querySelectorAll('button')[nth] ??
        this.chips.querySelector('button') ??
        this.toggle
      ).focus();
    });
    return element('li', {}, button);
  }
}
