import { element } from './dom.js';
import { foreign } from './format.js';
import { setDisabled } from './keep-focus.js';

/** @import { Choice } from './types.js' */

/**
 * Fills a select with `{ name, value }` choices; keeps what was chosen if it is still there.
 *
 * @param {HTMLSelectElement} select
 * @param {readonly Choice[]} choices
 */
export function fillSelect(select, choices) {
  const present = [...select.options].map((option) => option.value);
  // A list that is open must not be pulled away.
  if (JSON.stringify(present) === JSON.stringify(choices.map(({ value }) => value))) return;
  const chosen = select.value;
  select.replaceChildren(
    ...choices.map(({ name, value }) => element('option', { value }, foreign(name, 60))),
  );
  if (choices.some(({ value }) => value === chosen)) select.value = chosen;
  setDisabled(select, choices.length < 2);
}
