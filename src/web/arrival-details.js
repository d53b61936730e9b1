import { outcomeWord, shownValue } from './arrival-words.js';
import { element } from './dom.js';
import { foldedLines } from './folded-lines.js';
import { bytes, count, duration, foreign, moment } from './format.js';
import { payloadBlock } from './payload-block.js';
import { propertyFacts } from './property-facts.js';

/** @import { Arrival, ArrivalsScope } from './types.js' */

/** @type {Readonly<Record<Arrival['outcome'], string>>} */
const SENTENCES = {
  waiting: 'Waiting: it is on this disk, but not in the store yet.',
  stored: 'Stored: the store has confirmed it.',
  'set-aside': 'Set aside: it could not become a point. It is kept with its reason.',
  ignored: 'Ignored: a rule says that it is not wanted. It is counted, but not kept.',
  unknown: 'What became of it is not known here.',
};

/**
 * All that is known of one message, as nodes for the drawer.
 *
 * @param {Arrival} arrival
 * @param {ArrivalsScope} scope
 */
export function arrivalDetails(arrival, scope) {
  const { code, reason, lines = [], moreLines = 0 } = arrival;
  const why = [
    ...(code === undefined ? [] : [element('span', { class: 'code' }, foreign(code)), ' ']),
    ...(reason === undefined ? [] : [foreign(reason, 2_000)]),
  ];
  const points = lines.map((line) => foreign(line, 4_000));
  return [
    element('p', { class: 'why', 'data-outcome': arrival.outcome }, outcomeSentence(arrival, scope)),
    ...(why.length === 0 ? [] : [element('p', { class: 'why' }, ...why)]),
    element('h3', {}, 'Steps'),
    stepsOf(arrival),
    element('h3', {}, 'Message'),
    factsOf(arrival),
    ...payloadBlock(arrival),
    ...(points.length === 0
      ? []
      : [element('h3', {}, 'Points as line protocol'), ...foldedLines(points, 'Points as line protocol')]),
    ...(moreLines === 0 ? [] : [element('p', { class: 'note' }, `And ${count(moreLines)} more points.`)]),
  ];
}

/** @param {Arrival} arrival @param {ArrivalsScope} scope */
function outcomeSentence(arrival, { sees, note }) {
  if (arrival.outcome !== 'waiting' || sees !== 'receiving') return SENTENCES[arrival.outcome];
  return `Received: it is on this disk. ${note ?? ''}`;
}

/** @param {Arrival} arrival */
function stepsOf({ steps, outcome, qos }) {
  const { receivedMs, loggedMs, mappedMs, storedMs } = steps;
  const receipt = qos === 0 ? 'on this disk' : 'on this disk, and the device gets its receipt';
  /** @type {readonly (readonly [string, number | undefined])[]} */
  const known = [
    ['received', receivedMs],
    [receipt, loggedMs],
    ['read by the rules', mappedMs],
    [outcome === 'waiting' ? 'stored' : outcomeWord(outcome, 'whole-path'), storedMs],
  ];
  const rows = known.map(([name, atMs]) =>
    element('div', {}, element('dt', {}, name), element('dd', {}, stepTime(atMs, receivedMs))),
  );
  return element('dl', { class: 'facts wide' }, ...rows);
}

/** @param {number | undefined} atMs @param {number} receivedMs */
function stepTime(atMs, receivedMs) {
  if (atMs === undefined) return 'not yet known here';
  const iso = new Date(atMs).toISOString();
  const after = atMs > receivedMs ? `, ${duration(atMs - receivedMs)} after it was received` : '';
  return element('time', { datetime: iso, title: iso }, `${moment(atMs, Date.now())}${after}`);
}

/** @param {Arrival} arrival */
function factsOf(arrival) {
  const { device, field, measurement, rule, topic, client, user, qos, payloadBytes, unit, properties } =
    arrival;
  const shown = shownValue(arrival);
  /** @type {[string, string | undefined][]} */
  const facts = [
    ['device', device],
    ['measurement', measurement],
    [field ?? '', field && `${shown}${unit === undefined ? '' : ` ${unit}`}`],
    ['rule', rule],
    ['topic', topic],
    ['user', user],
    ['client', client],
    ['QoS', String(qos)],
    ['payload', bytes(payloadBytes)],
    ...propertyFacts(properties),
  ];
  const rows = facts.flatMap(([name, text]) =>
    text === undefined
      ? []
      : [
          element(
            'div',
            {},
            element('dt', {}, foreign(name, 300)),
            element('dd', { class: 'code' }, foreign(text, 2_000)),
          ),
        ],
  );
  return element('dl', { class: 'facts wide' }, ...rows);
}
