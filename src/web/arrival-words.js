import { foreign, moment, value } from './format.js';

/** @import { Arrival, ArrivalsScope } from './types.js' */

/** @type {Readonly<Record<Arrival['outcome'], string>>} */
const OUTCOMES = {
  waiting: 'waiting',
  stored: 'stored',
  'set-aside': 'set aside',
  ignored: 'ignored',
  unknown: 'not known',
};

/**
 * What became of a message, in a word. Where a process only receives, it has done its part.
 *
 * @param {Arrival['outcome']} outcome
 * @param {ArrivalsScope['sees']} sees
 */
export function outcomeWord(outcome, sees) {
  return outcome === 'waiting' && sees === 'receiving' ? 'received' : OUTCOMES[outcome];
}

/**
 * The device as far as it is known: before the rules have read a message, the client that sent it.
 *
 * @param {Arrival} arrival
 */
export function deviceName({ device, client }) {
  return foreign(device ?? client, 100);
}

/** @param {Arrival} arrival */
export function shownValue({ value: shown }) {
  if (shown === undefined) return '';
  return typeof shown === 'number' ? value(shown) : foreign(String(shown), 40);
}

/**
 * The value with its unit, the outcome and the time in one sentence, for those who do not see the row.
 *
 * @param {Arrival} arrival
 * @param {ArrivalsScope['sees']} sees
 */
export function arrivalSentence(arrival, sees) {
  const { unit } = arrival;
  const shown = shownValue(arrival);
  const reading = shown === '' ? '' : ` ${shown}${unit === undefined ? '' : ` ${foreign(unit, 20)}`}`;
  return `${deviceName(arrival)}${reading}, ${outcomeWord(arrival.outcome, sees)} at ${moment(arrival.atMs, Date.now())}`;
}
