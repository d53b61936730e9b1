import { CopiedCommand } from './copied-command.js';
import { element, Redrawn, setText } from './dom.js';
import { count, delay, duration, foreign, moment } from './format.js';
import { ADVICE } from './incident-advice.js';
import { StripRoom } from './strip-room.js';

/** @import { BacklogView, Incident, LiveState } from './types.js' */

/** The newest are of most use; the first says how it began. */
const MAX_EVENTS = 8;
const UNKNOWN = 'not known yet';

/** One incident: what, since when, is anything lost; how far it goes; what to do; what happened. */
export class StripIncident {
  node;
  #title = element('p', { id: 'incident-title', class: 'strip-title' });
  #means = element('p', { class: 'muted' });
  #detail = element('p', { class: 'code muted' });
  #figures = element('dl', { class: 'figures' });
  #room = new StripRoom();
  #roomNote = element(
    'p',
    { class: 'muted' },
    'When it is full, devices are made to wait, unless stream.log.whenFull lets it drop its oldest messages. Messages that ask for no receipt (QoS 0) are then dropped.',
  );
  #command = new CopiedCommand();
  #steps = new Redrawn(element('ol', { class: 'numbered' }));
  #next = element('span');
  #events = new Redrawn(element('ol', { class: 'timeline' }));

  constructor() {
    this.node = element(
      'section',
      { class: 'strip-body incident', 'aria-labelledby': 'incident-title' },
      element(
        'div',
        {},
        this.#title,
        this.#means,
        this.#detail,
        this.#figures,
        this.#room.node,
        this.#roomNote,
      ),
      element('div', {}, element('p', { class: 'strip-head' }, 'What to do'), this.#steps.box),
      element(
        'div',
        {},
        element('p', { class: 'strip-head' }, 'What happened'),
        this.#events.box,
        element('p', {}, element('a', { href: '#incidents-title' }, 'Earlier incidents')),
      ),
    );
  }

  /** @param {LiveState} state @param {Incident} incident */
  show(state, incident) {
    const { nowMs, backlog } = state;
    const advice = ADVICE[incident.cause];
    setText(this.#title, headline(incident, nowMs));
    setText(this.#means, advice?.means ?? '');
    setText(this.#detail, foreign(incident.detail ?? '', 400));
    this.#detail.hidden = (incident.detail ?? '') === '';
    const isHeldUp = incident.waited > 0 || backlog.records > 0;
    this.#figures.hidden = !isHeldUp;
    if (isHeldUp) showFigures(this.#figures, figuresOf(state, incident));
    this.#room.show(state);
    if (!isHeldUp) this.#room.node.hidden = true;
    this.#roomNote.hidden = this.#room.node.hidden;
    this.#command.show(`${state.command} doctor`);
    this.#showSteps(incident);
    this.#showNext(incident, nowMs);
    this.#showEvents(incident, nowMs);
  }

  /** @param {Incident} incident */
  #showSteps({ cause, state }) {
    const advice = ADVICE[cause];
    this.#steps.show(`${cause} ${state}`, () => {
      if (state === 'catching-up')
        return [element('li', {}, 'Nothing: what waited is being stored, in order, automatically.')];
      const items = (advice?.steps ?? []).map((step) => element('li', {}, step));
      if (advice?.doctor) items.push(element('li', {}, 'Ask Sluice what it sees:', this.#command.node));
      if (advice?.goesOn)
        items.push(element('li', {}, 'Nothing else, no restart: it goes on automatically.', this.#next));
      return items;
    });
  }

  /** @param {Incident} incident @param {number} nowMs */
  #showNext({ nextTryMs }, nowMs) {
    if (nextTryMs === undefined) setText(this.#next, '');
    else if (nextTryMs <= nowMs) setText(this.#next, ' Trying again now.');
    else setText(this.#next, ` Next try in ${Math.ceil((nextTryMs - nowMs) / 1000)} s.`);
  }

  /** @param {Incident} incident @param {number} nowMs */
  #showEvents({ events }, nowMs) {
    const shown = events.length <= MAX_EVENTS ? events : [events[0], ...events.slice(1 - MAX_EVENTS)];
    this.#events.show(JSON.stringify(shown), () =>
      shown.map(({ atMs, text }) =>
        element(
          'li',
          {},
          element('time', { datetime: new Date(atMs).toISOString() }, moment(atMs, nowMs)),
          element('span', {}, foreign(text, 300)),
        ),
      ),
    );
  }
}

/**
 * @param {Incident} incident
 * @param {number} nowMs
 */
export function headline({ waited, fromMs, lost, state }, nowMs) {
  const since = moment(fromMs, nowMs);
  const loss = lost === 0 ? 'nothing is lost' : `${count(lost)} ${lost === 1 ? 'message' : 'messages'} lost`;
  if (state === 'catching-up') return `Catching up since the trouble of ${since}; ${loss}`;
  return `${waited > 0 ? 'Not stored since' : 'Since'} ${since}; ${loss}`;
}

/**
 * @param {LiveState} state
 * @param {Incident} incident
 * @returns {readonly (readonly [name: string, value: string])[]}
 */
export function figuresOf({ behindMs, backlog }, { state }) {
  const isCatchingUp = state === 'catching-up';
  return [
    ['behind', delay(behindMs)],
    ['messages waiting', count(backlog.records)],
    ['until the log is full', isCatchingUp ? 'not at this rate' : estimate(backlog.logFull)],
    ['catching up takes', estimate(backlog.catchUp)],
  ];
}

/** @param {BacklogView['logFull']} when */
function estimate(when) {
  if (when === undefined || when.state === 'unknown') return UNKNOWN;
  if (when.state === 'never') return 'not at this rate';
  if (when.state === 'now') return 'now';
  const ms = when.ms ?? 0;
  // An estimate is not so exact that hours beside days, or parts of a second, would say anything.
  return ms < 1_000 ? 'under 1 s' : `about ${duration(ms).replace(/ 0 \w+$/, '')}`;
}

/** @param {HTMLElement} list @param {readonly (readonly [name: string, value: string])[]} figures */
function showFigures(list, figures) {
  if (list.childElementCount !== figures.length)
    list.replaceChildren(
      ...figures.map(([name]) => element('div', { 'data-figure': name }, element('dt'), element('dd'))),
    );
  for (const [index, [name, value]] of figures.entries()) {
    const [term, number] = list.children[index].children;
    setText(term, name);
    setText(number, value);
  }
}
