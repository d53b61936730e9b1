import { element } from './dom.js';
import { foreign } from './format.js';

/** The suggestions under a search field, operated from the field by arrows and Enter (ARIA combobox). */
export class ChooserList {
  node;
  #input;
  #onPick;
  /** @type {readonly string[]} */
  #names = [];
  #active = -1;

  /** @param {string} id @param {HTMLInputElement} input @param {(name: string) => void} onPick */
  constructor(id, input, onPick) {
    this.#input = input;
    this.#onPick = onPick;
    this.node = element('ul', {
      id,
      class: 'suggestions',
      role: 'listbox',
      'aria-label': 'Found',
      'aria-multiselectable': 'true',
      hidden: '',
    });
    input.setAttribute('aria-controls', id);
    input.setAttribute('aria-expanded', 'false');
    input.setAttribute('aria-autocomplete', 'list');
    input.addEventListener('keydown', (key) => this.#key(key));
    // The field keeps the focus while the list is pressed.
    this.node.addEventListener('pointerdown', (press) => {
      if (press.pointerType === 'mouse') press.preventDefault();
    });
    this.node.addEventListener('click', ({ target }) => {
      const item = target instanceof Element ? target.closest('li') : null;
      const nth = item === null ? -1 : [...this.node.children].indexOf(item);
      if (nth >= 0) this.#onPick(this.#names[nth]);
    });
  }

  /** @param {readonly string[]} names @param {readonly string[]} chosen */
  show(names, chosen) {
    this.#names = names;
    this.#active = -1;
    this.#input.removeAttribute('aria-activedescendant');
    this.node.hidden = names.length === 0;
    this.#input.setAttribute('aria-expanded', String(names.length > 0));
    this.node.replaceChildren(
      ...names.map((name, nth) =>
        element(
          'li',
          { role: 'option', id: `${this.node.id}-${nth}`, title: foreign(name) },
          element('bdi', {}, foreign(name, 80)),
        ),
      ),
    );
    this.mark(chosen);
  }

  /**
   * Which of the shown ones are chosen.
   *
   * @param {readonly string[]} chosen
   */
  mark(chosen) {
    for (const [nth, node] of [...this.node.children].entries()) {
      node.setAttribute('aria-selected', String(chosen.includes(this.#names[nth])));
    }
  }

  /** @param {KeyboardEvent} key */
  #key(key) {
    if (key.key === 'ArrowDown' || key.key === 'ArrowUp') {
      key.preventDefault();
      this.#activate(this.#active + (key.key === 'ArrowDown' ? 1 : -1));
    } else if (key.key === 'Enter') {
      key.preventDefault();
      const nth = this.#active < 0 && this.#names.length === 1 ? 0 : this.#active;
      if (nth >= 0) this.#onPick(this.#names[nth]);
    }
  }

  /** @param {number} nth */
  #activate(nth) {
    if (this.#names.length === 0) return;
    const nodes = [...this.node.children];
    nodes[this.#active]?.classList.remove('active');
    this.#active = (nth + nodes.length) % nodes.length;
    nodes[this.#active].classList.add('active');
    nodes[this.#active].scrollIntoView({ block: 'nearest' });
    this.#input.setAttribute('aria-activedescendant', nodes[this.#active].id);
  }
}
