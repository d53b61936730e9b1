import { element, setText } from './dom.js';

/** @typedef {{ label: string, act: () => void }} MessageButton */

/** What a chart says instead of lines, or above old ones: it covers the plot, so that nothing moves. */
export class ChartMessage {
  node;
  #words = element('p');
  #detail = element('p', { class: 'muted' });
  #buttons = element('p', { class: 'chart-message-buttons' });
  #key = '';

  constructor() {
    this.node = element(
      'div',
      { class: 'chart-message', role: 'status', hidden: '' },
      this.#words,
      this.#detail,
      this.#buttons,
    );
  }

  get isShown() {
    return !this.node.hidden;
  }

  /**
   * `detail` and `buttons` may be empty. `isAbove`: lines stay visible below it.
   *
   * @param {string} words
   * @param {{ detail?: string, buttons?: readonly MessageButton[], isAbove?: boolean }} [more]
   */
  show(words, { detail = '', buttons = [], isAbove = false } = {}) {
    this.node.classList.toggle('is-above', isAbove);
    setText(this.#words, words);
    setText(this.#detail, detail);
    this.#detail.hidden = detail === '';
    const key = JSON.stringify(buttons.map(({ label }) => label));
    // A button that has the focus must not be replaced by the same one.
    if (key !== this.#key || this.node.hidden) this.#buttons.replaceChildren(...buttons.map(buttonOf));
    this.#key = key;
    this.#buttons.hidden = buttons.length === 0;
    this.node.hidden = false;
  }

  hide() {
    this.node.hidden = true;
  }
}

/** @param {MessageButton} button */
function buttonOf({ label, act }) {
  const button = element('button', { type: 'button' }, label);
  button.addEventListener('click', act);
  return button;
}
