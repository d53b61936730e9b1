import { byId, element, setText } from './dom.js';
import { foreign, moment } from './format.js';

export const SHOWN_DEAD_LETTERS = 20;

/** The newest parked records: when, on which topic, from whom and why. */
export class DeadLettersPanel {
  #shown = '';

  show(deadLetters, nowMs) {
    byId('dead-letters').hidden = deadLetters.length === 0;
    byId('dead-letters-foot').hidden = deadLetters.length === 0;
    const note = byId('dead-letters-note');
    note.hidden = deadLetters.length > 0;
    setText(note, 'Nothing is parked.');

    // A replay can have parked the same records again, for another reason.
    const key = JSON.stringify(deadLetters.map(({ id, code, reason }) => [id, code, reason]));
    if (key === this.#shown) return;
    this.#shown = key;
    byId('dead-letters-rows').replaceChildren(...deadLetters.map((letter) => row(letter, nowMs)));
  }

  /** The last list stays; one sentence says why it may be old. */
  fail(reason) {
    const note = byId('dead-letters-note');
    note.hidden = false;
    setText(note, `The dead letters cannot be read now: ${foreign(reason)}`);
  }
}

function row({ parkedAtMs, topic, clientId, code, reason }, nowMs) {
  const instant = new Date(parkedAtMs).toISOString();
  return element(
    'tr',
    {},
    element('td', {}, element('time', { datetime: instant, title: instant }, moment(parkedAtMs, nowMs))),
    element(
      'td',
      {},
      element('span', { class: 'code' }, foreign(topic)),
      element('span', { class: 'from' }, `from ${foreign(clientId, 80)}`),
    ),
    element('td', {}, element('span', { class: 'code' }, foreign(code)), foreign(reason, 400)),
  );
}
