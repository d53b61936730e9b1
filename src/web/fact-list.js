import { element, setClass, setText } from './dom.js';

/** @import { Fact } from './types.js' */

/**
 * Shows rows of name, value and whether the value is bad, in a `<dl>` that changes in place.
 *
 * @param {HTMLElement} list
 * @param {readonly Fact[]} facts
 */
export function showFacts(list, facts) {
  if (list.childElementCount !== facts.length) {
    list.replaceChildren(...facts.map(() => element('div', {}, element('dt'), element('dd'))));
  }
  for (const [index, [name, text, isBad]] of facts.entries()) {
    const [term, value] = list.children[index].children;
    setText(term, name);
    setText(value, text);
    setClass(value, isBad ? 'bad' : '');
  }
}
