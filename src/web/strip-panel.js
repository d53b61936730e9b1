import { byId, element, Redrawn, setAttribute, setClass, setText } from './dom.js';
import { foreign, timeOfDay } from './format.js';
import { SIGN_IN_NEEDED } from './poll.js';
import { fullState } from './stages.js';
import { StripFlow } from './strip-flow.js';
import { StripGone } from './strip-gone.js';
import { StripIncident } from './strip-incident.js';
import { GONE, StripOpener } from './strip-opener.js';
import { stageSentence, stripFacts, stripWords } from './strip-words.js';

/** @import { Failure, Level, LiveState, Rates, Stage, StageStates } from './types.js' */

/** What the line says of one state; see `show`. */
/** @typedef {{ state: LiveState, stages: readonly Stage[], states: StageStates, rates: Rates, ledgerProblem: string }} Shown */

const MARKS = { healthy: '', unknown: '', slow: '▲ ', stopped: '● ' };
const ICONS = {
  healthy: '/assets/icon.svg',
  unknown: '/assets/icon.svg',
  slow: '/assets/icon-slow.svg',
  stopped: '/assets/icon-stopped.svg',
};
/** To ask or to get no answer for longer than this deserves more words. */
const LONG_MS = 3_000;

/**
 * The line below the tabs, on every view: how the gateway is, what flows, and with an incident all that is to be known of
 * it. Title and icon of the browser's tab say the same for people who look at another page.
 */
export class StripPanel {
  #strip = byId('strip', HTMLDetailsElement);
  #words = byId('overall');
  #facts = new Redrawn(byId('strip-facts'));
  #icon = byId('icon');
  #flow = new StripFlow();
  #incident = new StripIncident();
  #stages = element('div', { class: 'strip-body' });
  #stageList = new Redrawn(this.#stages);
  #gone = new StripGone();
  #opener = new StripOpener(this.#strip);
  #askedAtMs = Date.now();
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #longTimer = setTimeout(() => this.#showLongWait(), LONG_MS);
  /** The gateway's time of the last state. @type {number | null} */
  #lastNowMs = null;

  constructor() {
    byId('strip-flow').replaceWith(this.#flow.node);
    this.#flow.node.append(...[1, 2, 3, 4].map(() => element('span', { class: 'bone is-word' })));
  }

  /** @param {Shown} shown */
  show({ state, stages, states, rates, ledgerProblem }) {
    clearTimeout(this.#longTimer);
    this.#gone.end();
    this.#lastNowMs = state.nowMs;
    this.#say(stripWords(state, stages, states, ledgerProblem));
    this.#flow.show(state, stages, states, rates);
    const facts = stripFacts(state);
    this.#facts.show(JSON.stringify(facts), () =>
      facts.map(({ name, value, words }) =>
        element('span', { class: `strip-fact of-${name}` }, element('b', {}, value), ` ${words}`),
      ),
    );
    const { incident } = state;
    if (incident === null) this.#showStages(state, stages, states);
    else this.#incident.show(state, incident);
    this.#put(incident === null ? this.#stages : this.#incident.node);
    this.#opener.show(incident?.id ?? null);
  }

  /**
   * The gateway does not answer, or with an error. What was shown last stays, marked with its time.
   *
   * @param {Failure} failure
   */
  showSilence({ code, message }) {
    clearTimeout(this.#longTimer);
    if (code === SIGN_IN_NEEDED) {
      this.#say({ level: 'unknown', words: 'Sign in to see this gateway' });
      return;
    }
    const isSilent = code === 'NO_ANSWER';
    const words = isSilent
      ? 'The gateway does not answer this page'
      : `The gateway answers with an error: ${foreign(message, 300)}`;
    this.#say({ level: 'stopped', words }, 'gone');
    const asOf = this.#lastNowMs === null ? 'no answer yet' : `as of ${timeOfDay(this.#lastNowMs)}`;
    this.#facts.show(asOf, () => [
      element('span', { class: 'strip-fact' }, 'asked every second'),
      this.#lastNowMs === null
        ? element('span', { class: 'strip-fact' }, asOf)
        : element('span', { class: 'strip-fact' }, 'what is shown is ', element('b', {}, asOf)),
    ]);
    this.#put(this.#gone.node);
    // A gateway that is only started again is back before that.
    if (this.#gone.show(isSilent) >= LONG_MS) this.#opener.show(GONE);
  }

  #showLongWait() {
    setText(this.#words, `Asking the gateway since ${timeOfDay(this.#askedAtMs)}…`);
  }

  /** @param {{ level: Level; words: string }} said @param {string} state */
  #say({ level, words }, state = level) {
    setAttribute(this.#strip, 'data-state', state);
    setClass(this.#words, `strip-state state ${level}`);
    setText(this.#words, words);
    const title = level === 'slow' || level === 'stopped' ? `${MARKS[level]}${words} · Sluice` : 'Sluice';
    if (document.title !== title) document.title = title;
    setAttribute(this.#icon, 'href', ICONS[level]);
  }

  /** @param {LiveState} state @param {readonly Stage[]} stages @param {StageStates} states */
  #showStages(state, stages, states) {
    const full = fullState(state);
    this.#stageList.show(stages.map(({ id, title }) => id + title(full)).join(), () =>
      stages.map(({ title }) =>
        element(
          'div',
          {},
          element('p', { class: 'strip-head' }, foreign(title(full))),
          element('p', { class: 'muted' }),
        ),
      ),
    );
    for (const [index, stage] of stages.entries()) {
      const sentence = this.#stages.children[index].lastElementChild;
      if (sentence !== null) setText(sentence, foreign(stageSentence(stage, state, states), 400));
    }
  }

  /** @param {HTMLElement} body */
  #put(body) {
    const [, shown] = this.#strip.children;
    if (shown === body) return;
    shown?.remove();
    this.#strip.append(body);
  }
}
