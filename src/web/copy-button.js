import { element, setText } from './dom.js';

/**
 * A button that copies `text()`; null where the browser does not let a page write to the clipboard.
 *
 * @param {() => string} text
 * @param {string} [label]
 */
export function copyButton(text, label = 'Copy') {
  // Only on https and loopback.
  if (navigator.clipboard === undefined) return null;
  const button = element('button', { type: 'button' }, label);
  button.addEventListener('click', () => {
    navigator.clipboard.writeText(text()).then(
      () => setText(button, 'Copied'),
      () => setText(button, 'Select and copy it'),
    );
  });
  return button;
}
