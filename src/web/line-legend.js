import { element, setText } from './dom.js';
import { foreign, value } from './format.js';

/** @import { LineStyle, ShownLine, Value } from './types.js' */

/** Names of more characters, such as topics, are cut in the usual columns, and most often have the same beginning. */
const LONG_LABEL = 14;

/** The lines of a chart by name, with their newest value or the one under the cursor; a press hides a line. */
export class LineLegend {
  #list;
  #onToggle;
  /** @type {readonly string[]} */
  #names = [];
  /** @type {readonly HTMLElement[]} */
  #values = [];
  #key = '';

  /** @param {HTMLElement} list @param {(name: string) => void} onToggle */
  constructor(list, onToggle) {
    this.#list = list;
    this.#onToggle = onToggle;
  }

  /** @param {readonly ShownLine[]} lines */
  show(lines) {
    const key = JSON.stringify(lines.map(({ name, label, style, isShown }) => [name, label, style, isShown]));
    if (key === this.#key) return;
    this.#key = key;
    /** @type {readonly (Element | null)[]} */
    const buttons = [...this.#list.querySelectorAll('button')];
    const focused = buttons.indexOf(document.activeElement);
    const focusedName = this.#names[focused];
    this.#names = lines.map(({ name }) => name);
    this.#values = lines.map(() => element('span', { class: 'value' }));
    this.#list.classList.toggle(
      'long',
      lines.some(({ label }) => label.length > LONG_LABEL),
    );
    this.#list.replaceChildren(...lines.map((line, nth) => this.#row(line, this.#values[nth])));
    if (focused < 0) return;
    // A line that came or went moves the others.
    const place = this.#names.indexOf(focusedName);
    this.#list.querySelectorAll('button')[place < 0 ? focused : place]?.focus();
  }

  /** @param {readonly (Value | undefined)[]} values */
  showValues(values) {
    for (const [nth, node] of this.#values.entries()) setText(node, value(values[nth]));
  }

  /** @param {ShownLine} line @param {HTMLElement} valueNode */
  #row({ name, label, style, isShown }, valueNode) {
    const button = element(
      'button',
      { type: 'button', 'aria-pressed': String(isShown), title: foreign(label) },
      swatch(style),
      element('bdi', { class: 'name' }, foreign(label, 80)),
      valueNode,
    );
    button.addEventListener('click', () => this.#onToggle(name));
    return element('li', {}, button);
  }
}

/**
 * A short stretch of the line as it is drawn.
 *
 * @param {LineStyle} style
 */
export function swatch({ colour, dash }) {
  return element('span', { class: `swatch line-${colour} dash-${dash}` });
}
