import { byId, element, setClass, setText } from './dom.js';

/** Asks before something that touches many records. Cancel has the focus, and Escape means it. */
export class ConfirmDialog {
  #dialog = byId('confirm');
  #yes = byId('confirm-yes');
  #answer = () => {};

  constructor() {
    this.#yes.addEventListener('click', () => this.#dialog.close('yes'));
    byId('confirm-no').addEventListener('click', () => this.#dialog.close('no'));
    this.#dialog.addEventListener('close', () => this.#answer(this.#dialog.returnValue === 'yes'));
  }

  /** Resolves with whether the person said yes. `isFinal`: it cannot be undone. */
  ask({ title, sentences, action, isFinal }) {
    setText(byId('confirm-title'), title);
    byId('confirm-text').replaceChildren(...sentences.map((sentence) => element('p', {}, sentence)));
    setText(this.#yes, action);
    setClass(this.#yes, isFinal ? 'danger' : 'primary');
    this.#dialog.returnValue = 'no';
    this.#dialog.showModal();
    return new Promise((resolve) => {
      this.#answer = resolve;
    });
  }
}
