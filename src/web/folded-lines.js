import { element } from './dom.js';
import { count } from './format.js';

const MAX_LINES = 40;
const MAX_CHARACTERS = 4_000;

/**
 * Lines in a block of code; what is long shows its beginning and a button for the rest.
 *
 * @param {readonly string[]} lines
 * @param {string} name
 */
export function foldedLines(lines, name) {
  const text = lines.join('\n');
  const beginning = lines.slice(0, MAX_LINES).join('\n').slice(0, MAX_CHARACTERS);
  const block = element(
    'pre',
    { class: 'code-block', tabindex: '0', role: 'group', 'aria-label': name },
    beginning,
  );
  if (beginning.length === text.length) return [block];
  const button = element(
    'button',
    { type: 'button', 'aria-expanded': 'false' },
    `Show all ${count(lines.length)} lines`,
  );
  if (lines.length <= MAX_LINES) button.textContent = `Show all ${count(text.length)} characters`;
  button.addEventListener('click', () => {
    block.textContent = text;
    block.focus();
    button.remove();
  });
  return [block, button];
}
