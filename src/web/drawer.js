import { byId, setText } from './dom.js';

/** @import { Child } from './types.js' */

/**
 * The one panel at the side (on a phone: over the whole screen) that shows a stage or a dead letter in full. A
 * modal dialog: the browser keeps the focus inside, closes it on Escape and gives the focus back.
 */
export class Drawer {
  #dialog = byId('drawer', HTMLDialogElement);
  #title = byId('drawer-title');
  #body = byId('drawer-body');
  #onClose = () => {};

  constructor() {
    byId('drawer-close').addEventListener('click', () => this.#dialog.close());
    this.#dialog.addEventListener('close', () => {
      // The browser sends this event a moment later; something else may be open by then.
      if (this.#dialog.open) return;
      this.#onClose();
      this.#onClose = () => {};
      this.#body.replaceChildren();
    });
    // The dialog's own box is its backdrop and its edge; what is inside covers it wholly.
    this.#dialog.addEventListener('click', ({ target }) => {
      if (target === this.#dialog) this.#dialog.close();
    });
  }

  /**
   * `onClose`: called once, also when another thing is shown instead.
   *
   * @param {string} title
   * @param {readonly Child[]} nodes
   * @param {() => void} [onClose]
   */
  open(title, nodes, onClose = () => {}) {
    this.#onClose();
    this.#onClose = onClose;
    setText(this.#title, title);
    this.fill(nodes);
    if (!this.#dialog.open) this.#dialog.showModal();
  }

  /**
   * Other content for what is open.
   *
   * @param {readonly Child[]} nodes
   */
  fill(nodes) {
    this.#body.replaceChildren(...nodes);
    this.#body.scrollTop = 0;
  }

  close() {
    this.#dialog.close();
  }
}
