import { element, setClass, setText } from './dom.js';
import { bytes } from './format.js';
import { NEARLY_FULL } from './stage-states.js';

/** @import { Fill } from './types.js' */

/** How full the log is: a bar, and the same in words. */
export class FillGauge {
  node;
  #bar = element('span', { class: 'gauge-fill' });
  #track;
  #words = element('span', { class: 'gauge-words' });

  constructor() {
    this.#track = element(
      'span',
      {
        class: 'gauge',
        role: 'meter',
        'aria-label': 'Fill of the log',
        'aria-valuemin': '0',
        'aria-valuemax': '100',
      },
      this.#bar,
    );
    this.node = element('p', { class: 'fill' }, this.#track, this.#words);
  }

  /** @param {Fill} fill */
  show({ sizeBytes, maxSizeBytes }) {
    const share = maxSizeBytes === 0 ? 0 : Math.min(1, sizeBytes / maxSizeBytes);
    const percent = Math.round(share * 100);
    this.#bar.style.setProperty('inline-size', `${Math.round(share * 1000) / 10}%`);
    setClass(this.#track, `gauge ${share > NEARLY_FULL ? 'nearly-full' : ''}`);
    this.#track.setAttribute('aria-valuenow', String(percent));
    setText(this.#words, `${bytes(sizeBytes)} of ${bytes(maxSizeBytes)}`);
    this.#track.setAttribute('aria-valuetext', this.#words.textContent);
  }
}
