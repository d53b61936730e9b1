import { element, setText } from './dom.js';
import { count } from './format.js';
import { setDisabled } from './keep-focus.js';

export const ROWS_A_PAGE = 50;

/** Changes between the pages of a table of devices. It is hidden where one page holds them all. */
export class DevicesPages {
  offset = 0;
  #previous = element('button', { type: 'button', disabled: '' }, 'Previous');
  #next = element('button', { type: 'button', disabled: '' }, 'Next');
  #position = element('span', { class: 'position', role: 'status' });
  node = element('div', { class: 'pages', hidden: '' }, this.#previous, this.#next, this.#position);

  /**
   * `onTurn(offset)` is called when the person wants another page.
   *
   * @param {(offset: number) => void} onTurn
   */
  constructor(onTurn) {
    this.#previous.addEventListener('click', () => onTurn(Math.max(0, this.offset - ROWS_A_PAGE)));
    this.#next.addEventListener('click', () => onTurn(this.offset + ROWS_A_PAGE));
  }

  /** @param {number} shown @param {number} found */
  show(shown, found) {
    this.node.hidden = found <= ROWS_A_PAGE && this.offset === 0;
    const first = Math.min(found, this.offset + 1);
    setText(this.#position, `${count(first)} to ${count(this.offset + shown)} of ${count(found)}`);
    setDisabled(this.#previous, this.offset === 0);
    setDisabled(this.#next, this.offset + shown >= found);
  }
}
