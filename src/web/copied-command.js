import { copyButton } from './copy-button.js';
import { element, setText } from './dom.js';

/** A command to type, with a button that copies it where the browser lets a page do so. */
export class CopiedCommand {
  node;
  #text = element('pre');

  constructor() {
    const copy = copyButton(() => this.#text.textContent ?? '');
    this.node = element('div', { class: 'command' }, this.#text, ...(copy === null ? [] : [copy]));
  }

  /** @param {string} command */
  show(command) {
    setText(this.#text, command);
  }
}
