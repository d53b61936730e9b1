import { element } from './dom.js';
import { foldedLines } from './folded-lines.js';
import { bytes, count, duration, foreign, moment } from './format.js';
import { payloadBlock } from './payload-block.js';
import { propertyFacts } from './property-facts.js';

/** @import { BoundedDetail, ExplanationView, Level } from './types.js' */

/** @type {Readonly<Record<ExplanationView['outcome'], { level: Level, words: string }>>} */
const OUTCOMES = {
  written: { level: 'healthy', words: 'It would be stored' },
  filtered: { level: 'slow', words: 'It would be ignored' },
  parked: { level: 'stopped', words: 'It would be set aside again' },
};

/**
 * All that is known of one parked record, as nodes for the drawer. `letter`: ParkedDetail of the API.
 *
 * @param {BoundedDetail} letter
 * @param {number} nowMs
 */
export function deadLetterDetails(letter, nowMs) {
  return [
    element(
      'p',
      { class: 'why' },
      element('span', { class: 'code' }, foreign(letter.code)),
      ' ',
      foreign(letter.reason, 2_000),
    ),
    factList(letter, nowMs),
    ...refusedPoints(letter),
    ...payload(letter),
    ...explanation(letter),
  ];
}

/** @param {BoundedDetail} letter @param {number} nowMs */
function factList(letter, nowMs) {
  const { receivedAtMs, parkedAtMs, topic, clientId, user, qos, rule, payloadBytes, id, properties } = letter;
  const facts = [
    ['topic', code(foreign(topic, 2_000))],
    ...(user === undefined ? [] : [['user', code(foreign(user, 2_000))]]),
    ['client id', code(foreign(clientId, 2_000))],
    ['QoS', String(qos)],
    ['rule', rule === undefined ? 'none took it' : code(foreign(rule, 500))],
    ['received', instant(receivedAtMs, nowMs)],
    ['set aside', instant(parkedAtMs, nowMs)],
    ['payload', bytes(payloadBytes)],
    ...propertyFacts(properties).map(([name, value]) => [foreign(name, 300), code(foreign(value, 300))]),
    ['id', code(id)],
  ];
  return element(
    'dl',
    { class: 'facts wide' },
    ...facts.map(([name, value]) => element('div', {}, element('dt', {}, name), element('dd', {}, value))),
  );
}

/** @param {number} atMs @param {number} nowMs */
function instant(atMs, nowMs) {
  const iso = new Date(atMs).toISOString();
  const ago = nowMs > atMs ? ` (${duration(nowMs - atMs)} ago)` : '';
  return element('time', { datetime: iso, title: iso }, `${moment(atMs, nowMs)}${ago}`);
}

/** @param {BoundedDetail} letter */
function refusedPoints({ refusedPoints: points = [] }) {
  if (points.length === 0) return [];
  const rows = points.map(({ index, code: refusal, reason }) =>
    element('li', {}, `Point ${count(index + 1)}: `, code(foreign(refusal)), ` ${foreign(reason, 1_000)}`),
  );
  return [
    element('h3', {}, 'Points that the store refused'),
    element('p', { class: 'note' }, 'The other points of this message were stored.'),
    element('ul', { class: 'plain' }, ...rows),
  ];
}

/** @param {BoundedDetail} letter */
function payload(letter) {
  if (letter.payloadKept !== false) return payloadBlock(letter);
  if (letter.payload !== undefined || letter.payloadBase64 !== undefined) {
    const note = 'The message is not kept whole, so this record cannot be replayed.';
    return [...payloadBlock(letter), element('p', { class: 'note' }, note)];
  }
  const words = `It had ${bytes(letter.payloadBytes)} and is not kept, so this record cannot be replayed.`;
  return [element('h3', {}, 'Payload'), element('p', { class: 'note' }, words)];
}

/** @param {BoundedDetail} letter */
function explanation({ explanation: found, payloadKept }) {
  const heading = element('h3', {}, 'What the rules in use make of it');
  if (found === undefined && payloadKept === false) return [];
  if (found === undefined) {
    return [heading, element('p', { class: 'note' }, 'No rules run in this process; the consumer has them.')];
  }
  const { outcome, rule, code: why, reason = '', lines, tried } = found;
  const { level, words } = OUTCOMES[outcome];
  const by = rule === undefined ? '' : ` by the rule ${foreign(rule, 500)}`;
  /** @type {HTMLElement[]} */
  const nodes = [
    heading,
    element('p', { 'data-outcome': outcome }, element('span', { class: `state ${level}` }, `${words}${by}`)),
  ];
  if (why !== undefined || reason !== '') {
    const parts = why === undefined ? [] : [code(foreign(why)), ' '];
    nodes.push(element('p', { class: 'why' }, ...parts, foreign(reason, 2_000)));
  }
  if (lines.length > 0)
    nodes.push(
      ...foldedLines(
        lines.map((line) => foreign(line, 4_000)),
        'Points as line protocol',
      ),
    );
  if (tried.length > 0) {
    const rows = tried.map(({ rule: name, filter, mismatch }) =>
      element(
        'li',
        {},
        code(foreign(name)),
        ' ',
        code(foreign(filter), 'muted'),
        ` ${mismatch === undefined ? 'takes it' : foreign(mismatch, 500)}`,
      ),
    );
    nodes.push(element('h4', {}, 'Rules tried'), element('ol', { class: 'plain tried' }, ...rows));
  }
  return nodes;
}

/** @param {string} text @param {string} [more] */
function code(text, more = '') {
  return element('span', { class: `code ${more}` }, text);
}
