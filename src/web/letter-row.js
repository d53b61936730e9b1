import { element } from './dom.js';
import { foreign, moment } from './format.js';

/** @import { ParkedView } from './types.js' */

/**
 * One message of the list as a row of a table, which opens it.
 *
 * @param {ParkedView} letter
 * @param {number} nowMs
 * @param {() => void} open
 */
export function letterRow({ parkedAtMs, topic, clientId, code, reason, rule, payloadKept }, nowMs, open) {
  const instant = new Date(parkedAtMs).toISOString();
  const opener = element(
    'button',
    { type: 'button', class: 'row-open code', 'aria-haspopup': 'dialog' },
    foreign(topic),
  );
  opener.addEventListener('click', open);
  return element(
    'tr',
    {},
    element('td', {}, element('time', { datetime: instant, title: instant }, moment(parkedAtMs, nowMs))),
    element('td', {}, opener, element('span', { class: 'from' }, `from ${foreign(clientId, 80)}`)),
    element(
      'td',
      {},
      element('span', { class: 'code' }, foreign(code)),
      ...(rule === undefined ? [] : [element('span', { class: 'from' }, `rule ${foreign(rule, 80)}`)]),
    ),
    element(
      'td',
      {},
      foreign(reason, 400),
      ...(payloadKept === false ? [element('span', { class: 'from' }, 'content not kept')] : []),
    ),
  );
}
