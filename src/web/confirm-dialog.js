import { byId, element, setClass, setText } from './dom.js';

/** @typedef {{ title: string, sentences: readonly string[], action: string, isFinal: boolean }} Question */

/** Asks before something that affects many records. Cancel has the focus, and Escape cancels. */
export class ConfirmDialog {
  #dialog = byId('confirm', HTMLDialogElement);
  #yes = byId('confirm-yes');
  /** @type {(isYes: boolean) => void} */
  #answer = () => {};

  constructor() {
    this.#yes.addEventListener('click', () => this.#dialog.close('yes'));
    byId('confirm-no').addEventListener('click', () => this.#dialog.close('no'));
    this.#dialog.addEventListener('close', () => this.#answer(this.#dialog.returnValue === 'yes'));
  }

  /**
   * Resolves with whether the person agreed. `isFinal` means that it cannot be undone.
   *
   * @param {Question} question
   * @returns {Promise<boolean>}
   */
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
