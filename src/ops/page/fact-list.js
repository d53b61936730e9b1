import { element, setClass, setText } from './dom.js';

/** Rows of name, value and whether the value is bad news, in a `<dl>` that changes in place. */
export function showFacts(list, facts) {
  if (list.childElementCount !== facts.length * 2) {
    list.replaceChildren(...facts.flatMap(([name]) => [element('dt', {}, name), element('dd')]));
  }
  for (const [index, [name, text, isBad]] of facts.entries()) {
    setText(list.children[index * 2], name);
    const value = list.children[index * 2 + 1];
    setText(value, text);
    setClass(value, isBad ? 'bad' : '');
  }
}
