import { element } from './dom.js';
import { count, foreign, moment } from './format.js';

/** @import { WarningView } from './types.js' */

const LEVELS = {
  warn: { word: 'Warning', state: 'slow' },
  error: { word: 'Error', state: 'stopped' },
  fatal: { word: 'Fatal', state: 'stopped' },
};
/** The sentence says what happened; the fields are for a closer look. */
const MAX_FIELDS = 12;

/**
 * One line of the gateway's log: what happened, and what the operator can do.
 *
 * @param {WarningView} warning
 * @param {number} nowMs
 */
export function warningRow({ atMs, level, code, sentence, next, fields, heldBack }, nowMs) {
  const { word, state } = LEVELS[level];
  const iso = new Date(atMs).toISOString();
  const rows = [
    element(
      'p',
      { class: 'warning-head' },
      element('span', { class: `state ${state}` }, word),
      element('time', { datetime: iso, title: iso }, moment(atMs, nowMs)),
      element('span', { class: 'code' }, foreign(code)),
    ),
    element('p', { class: 'warning-sentence' }, foreign(sentence, 1_000)),
  ];
  const values = Object.entries(fields).slice(0, MAX_FIELDS);
  if (values.length > 0) rows.push(element('p', { class: 'code muted' }, values.map(fieldText).join('  ')));
  rows.push(element('p', { class: 'warning-next' }, foreign(next, 1_000)));
  if (heldBack > 0) {
    const held = `${count(heldBack)} more of this code came before it and were held back.`;
    rows.push(element('p', { class: 'note' }, held));
  }
  return element('li', { class: 'warning', 'data-level': level }, ...rows);
}

/** @param {[name: string, value: unknown]} field */
function fieldText([name, value]) {
  return `${foreign(name, 60)}=${foreign(typeof value === 'string' ? value : JSON.stringify(value), 300)}`;
}
