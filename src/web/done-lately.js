import { byId, element, Redrawn } from './dom.js';
import { count, duration, foreign, moment } from './format.js';
import { parkWords } from './park-words.js';
import { replayWords } from './replay-words.js';

/** @import { FinishedReplay } from './types.js' */

/** The last replays and deletions of this process, with what became of the messages. */
export class DoneLately {
  #section = byId('done-lately');
  #list = new Redrawn(byId('done-lately-list'));
  #none = byId('done-lately-none');

  /** @param {readonly FinishedReplay[]} finished @param {number} nowMs */
  show(finished, nowMs) {
    this.#section.hidden = false;
    this.#none.hidden = finished.length > 0;
    const times = finished.map(({ endedAtMs }) => moment(endedAtMs, nowMs));
    this.#list.show(JSON.stringify([finished, times]), () =>
      finished.map((one, index) => item(one, times[index])),
    );
  }
}

/** @param {FinishedReplay} finished @param {string} time */
function item({ status, endedAtMs, selection }, time) {
  const { level, sentence } = replayWords(status);
  const iso = new Date(endedAtMs).toISOString();
  return element(
    'li',
    {},
    element('time', { datetime: iso, title: iso }, time),
    element(
      'div',
      {},
      element('span', { class: `state ${level}` }, sentence),
      element('p', { class: 'muted' }, selectionWords(selection)),
    ),
    element(
      'span',
      { class: 'muted done-took' },
      `took ${duration(Math.max(0, endedAtMs - status.startedAtMs))}`,
    ),
  );
}

/** @param {FinishedReplay['selection']} selection */
function selectionWords({ ids, code, rule, topic, all }) {
  const parts = [
    ...(code === undefined ? [] : [`${parkWords(code).words} (${foreign(code)})`]),
    ...(rule === undefined ? [] : [`rule ${foreign(rule, 80)}`]),
    ...(topic === undefined ? [] : [`topic ${foreign(topic, 80)}`]),
    ...(ids === undefined ? [] : [`${count(ids)} chosen one by one`]),
    ...(all === undefined ? [] : ['all that was set aside']),
  ];
  return parts.join(', ');
}
