import { arrivalIcon } from './arrival-icon.js';
import { deviceName, outcomeWord, shownValue } from './arrival-words.js';
import { element } from './dom.js';
import { foreign, moment } from './format.js';

/** @import { Arrival, ArrivalsScope } from './types.js' */

/**
 * The content of one row. The row itself stays while more becomes known of its message.
 *
 * @param {Arrival} arrival
 * @param {ArrivalsScope['sees']} sees
 */
export function arrivalRow(arrival, sees) {
  const { topic, unit, outcome, atMs } = arrival;
  const shown = shownValue(arrival);
  const value =
    shown === '' || unit === undefined
      ? [shown]
      : [`${shown} `, element('span', { class: 'muted' }, foreign(unit, 20))];
  const isDone = outcome === 'waiting' && sees === 'receiving';
  return [
    arrivalIcon(isDone ? 'stored' : outcome),
    element('span', { class: 'arrival-name' }, deviceName(arrival)),
    element('span', { class: 'arrival-value' }, ...value),
    element('span', { class: 'arrival-topic code' }, foreign(topic, 200)),
    element(
      'span',
      { class: 'arrival-outcome' },
      `${moment(atMs, Date.now())}, ${outcomeWord(outcome, sees)}`,
    ),
  ];
}
