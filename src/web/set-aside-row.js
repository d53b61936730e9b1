import { element, setAttribute, setClass, setText } from './dom.js';
import { count, foreign } from './format.js';
import { lastWords, trialWords } from './group-words.js';
import { HourBars } from './hour-bars.js';
import { setDisabled } from './keep-focus.js';
import { parkWords } from './park-words.js';
import { messageCount } from './replay-words.js';
import { SetAsideSteps } from './set-aside-steps.js';

/** @import { ParkedGroupView, ReplayKind } from './types.js' */
/**
 * What a row can ask for. `openLetter` shows one message in full, `list` shows all of the group in the list.
 *
 * @typedef {{
 *   change(kind: ReplayKind, group: ParkedGroupView): void,
 *   openLetter(letter: { id: string, cursor?: string }): void,
 *   list(group: ParkedGroupView): void,
 * }} GroupActions
 */
/**
 * What a row shows beside its group.
 *
 * @typedef {{
 *   nowMs: number,
 *   rulesSinceMs: number | undefined,
 *   command: (name: string) => string,
 *   whyOff: string,
 * }} Around
 */

/** One reason for which messages are set aside, as a row that opens to: look, fix, check and replay. */
export class SetAsideRow {
  node;
  #figure = element('span', { class: 'figure' });
  #from = element('span', { class: 'aside-from' });
  #bars = new HourBars();
  #last = element('span', { class: 'aside-last' });
  #trial = element('span');
  #replay = element('button', { type: 'button' });
  #purge = element('button', { type: 'button' }, 'Delete…');
  #whyOff = element('p', { class: 'note' });
  #list = element('button', { type: 'button', class: 'quiet' });
  #steps;
  #group;
  /** @type {Around | null} */
  #around = null;

  /** @param {ParkedGroupView} group @param {GroupActions} actions */
  constructor(group, actions) {
    this.#group = group;
    const { code, rule } = group;
    const buttons = element('p', { class: 'actions' }, this.#replay, this.#purge);
    this.#steps = new SetAsideSteps(actions.openLetter, [buttons, this.#whyOff]);
    this.#replay.addEventListener('click', () => actions.change('replay', this.#group));
    this.#purge.addEventListener('click', () => actions.change('purge', this.#group));
    this.#list.addEventListener('click', () => actions.list(this.#group));
    this.node = element(
      'details',
      { class: 'aside' },
      element(
        'summary',
        {},
        this.#figure,
        element(
          'span',
          {},
          element('b', {}, parkWords(code).words),
          element(
            'span',
            { class: 'aside-code' },
            element('span', { class: 'code' }, foreign(code)),
            ...(rule === undefined ? [] : [', rule ', element('span', { class: 'code' }, foreign(rule, 80))]),
          ),
        ),
        this.#from,
        element('span', { class: 'aside-bars' }, this.#bars.node),
        this.#last,
        this.#trial,
      ),
      this.#steps.node,
      element('p', { class: 'aside-list' }, this.#list),
    );
    this.node.addEventListener('toggle', () => {
      if (this.node.open && this.#around !== null) this.#steps.open(this.#group, this.#around);
    });
  }

  get isOpen() {
    return this.node.open;
  }

  /** @param {ParkedGroupView} group @param {Around} around */
  show(group, around) {
    this.#group = group;
    this.#around = around;
    setText(this.#figure, count(group.count));
    this.#figure.title = group.withoutPayload
      ? `${messageCount(group.withoutPayload)} of these without content`
      : '';
    setText(this.#from, fromWords(group));
    this.#bars.show(group.perHour);
    const { words, isComing } = lastWords(group.lastMs, around.nowMs);
    setText(this.#last, words);
    setClass(this.#last, isComing ? 'aside-last is-coming' : 'aside-last');
    this.#showTrial(trialWords(group, around.rulesSinceMs !== undefined));
    if (this.node.open) this.#steps.show(group, around);
    this.showButtons(around.whyOff);
  }

  /** Nothing is left of the group: the row stays while somebody reads it. */
  showNone() {
    setText(this.#figure, '0');
    this.#showTrial({ level: 'healthy', words: 'none is left' });
    this.#steps.showNone();
    for (const node of [this.#replay, this.#purge, this.#list]) node.hidden = true;
  }

  /** @param {string} whyOff why nothing can be replayed or deleted now; '' when it can */
  showButtons(whyOff) {
    const { count: records, withoutPayload = 0, replay } = this.#group;
    const whole = records - withoutPayload;
    for (const node of [this.#replay, this.#purge, this.#list]) node.hidden = false;
    setText(this.#replay, `Replay ${messageCount(whole)}…`);
    setClass(this.#replay, replay !== undefined && replay.fits > 0 ? 'primary' : '');
    setDisabled(this.#replay, whyOff !== '' || whole === 0);
    setDisabled(this.#purge, whyOff !== '');
    setText(this.#whyOff, whyOff);
    this.#whyOff.hidden = whyOff === '';
    setText(
      this.#list,
      records === 1 ? 'Show it in the list' : `Show the ${messageCount(records)} in the list`,
    );
  }

  /** @param {ReturnType<typeof trialWords>} trial */
  #showTrial({ level, words }) {
    setClass(this.#trial, `state ${level}`);
    setText(this.#trial, words);
    setAttribute(this.#trial, 'data-level', level);
  }
}

/** @param {ParkedGroupView} group */
function fromWords({ topics, moreTopics }) {
  const isMore = moreTopics || topics.length > 2;
  const names = topics.slice(0, isMore ? 1 : 2).map(({ topic }) => foreign(topic, 80));
  return isMore ? `${names.join()} and other topics` : names.join(', ');
}
