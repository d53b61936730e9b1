import { element, Redrawn, setClass, setText } from './dom.js';
import { bytes, foreign, moment } from './format.js';
import { verdictWords } from './group-words.js';
import { markedPayload } from './marked-payload.js';
import { failureOf, getJson } from './poll.js';
import { rangeSuggestion } from './range-suggestion.js';
import { ruleFix } from './rule-fix.js';

/** @import { Around } from './set-aside-row.js' */
/** @import { BoundedDetail, Child, ParkedGroupView, ParkedView } from './types.js' */

/** So many messages of a group are looked at for the values that were outside of a range. */
const LOOKED_AT = 100;

/** Look, fix, check and replay: the three steps of one group. */
export class SetAsideSteps {
  node;
  #look = element('div', { class: 'step-body' });
  #fixTitle = element('span', {}, 'Fix');
  #fixBox = element('div', { class: 'step-body' });
  #fix = new Redrawn(this.#fixBox);
  #verdict = element('b');
  #more = element('span');
  #why = element('p', { class: 'note' });
  #check = element('section');
  #openLetter;
  /** @type {ReturnType<typeof rangeSuggestion>} */
  #suggestion = undefined;
  /** The message that is looked at, while the row is open: another one must not take its place under the eyes. */
  #lookedAt = '';

  /**
   * @param {(letter: { id: string, cursor?: string }) => void} openLetter
   * @param {readonly Child[]} buttons
   */
  constructor(openLetter, buttons) {
    this.#openLetter = openLetter;
    this.#check.append(
      heading('3', 'Check, then replay'),
      element('p', { class: 'aside-verdict' }, this.#verdict, ' ', this.#more),
      this.#why,
      ...buttons,
      element(
        'p',
        { class: 'footnote' },
        'Replaying twice does no harm: a point that is in the store already replaces itself.',
      ),
    );
    this.node = element(
      'div',
      { class: 'steps' },
      element('section', {}, heading('1', 'Look: what arrived'), this.#look),
      element('section', {}, heading('2', this.#fixTitle), this.#fixBox),
      this.#check,
    );
  }

  /** @param {ParkedGroupView} group @param {Around} around */
  open(group, around) {
    this.#lookedAt = '';
    this.#suggestion = undefined;
    this.show(group, around);
    void this.#load(group, around);
  }

  /** @param {ParkedGroupView} group @param {Around} around */
  show(group, around) {
    const { rule, rulePart } = group;
    setText(
      this.#fixTitle,
      rule === undefined || rulePart === undefined ? 'Fix' : `Fix: the rule ${foreign(rule, 80)}`,
    );
    const isFixed = group.replay?.fits === group.replay?.tried;
    const key = JSON.stringify([
      isFixed,
      group.code,
      rulePart,
      around.rulesSinceMs,
      this.#suggestion,
      around.command('check'),
    ]);
    this.#fix.show(key, () => ruleFix(group, around, this.#suggestion));
    const { verdict, more } = verdictWords(group, around.rulesSinceMs !== undefined);
    setText(this.#verdict, verdict);
    setText(this.#more, more);
    const again = group.replay?.parkedAgain;
    setText(this.#why, again === undefined ? '' : `${foreign(again.code)}: ${foreign(again.reason, 300)}`);
    this.#why.hidden = again === undefined;
    setClass(this.#check, group.replay !== undefined && group.replay.fits > 0 ? 'is-ready' : '');
  }

  showNone() {
    setText(this.#verdict, 'None of these is left.');
    setText(this.#more, 'They were replayed or deleted.');
    this.#why.hidden = true;
    setClass(this.#check, '');
  }

  /** @param {ParkedGroupView} group @param {Around} around */
  async #load(group, around) {
    const { sample, code } = group;
    if (sample === undefined) return;
    this.#lookedAt = sample.id;
    this.#look.replaceChildren(element('p', { class: 'note' }, 'Asking the gateway…'));
    const nodes = await this.#lookNodes(group, around.nowMs);
    // Closed and opened again while the gateway was asked.
    if (this.#lookedAt !== sample.id) return;
    this.#look.replaceChildren(...nodes);
    if (code !== 'field-out-of-range') return;
    this.#suggestion = await suggestionOf(group);
    this.show(group, around);
  }

  /** @param {ParkedGroupView} group @param {number} nowMs @returns {Promise<readonly Child[]>} */
  async #lookNodes({ sample, rulePart }, nowMs) {
    const { id = '', cursor = '' } = sample ?? {};
    /** @type {BoundedDetail} */
    let letter;
    try {
      letter = await getJson(`/api/dead-letters/${id}`, { after: cursor });
    } catch (thrown) {
      return [
        element(
          'p',
          { class: 'note' },
          `The newest one cannot be shown: ${foreign(failureOf(thrown).message)}`,
        ),
      ];
    }
    const more = element('button', { type: 'button', class: 'quiet' }, 'Open it in full');
    more.addEventListener('click', () => this.#openLetter({ id, cursor }));
    const iso = new Date(letter.receivedAtMs).toISOString();
    return [
      ...payloadNodes(letter, keyOf(rulePart?.text)),
      element('p', { class: 'why' }, foreign(letter.reason, 1_000)),
      element(
        'p',
        { class: 'footnote' },
        element('time', { datetime: iso, title: iso }, moment(letter.receivedAtMs, nowMs)),
        ', ',
        element('span', { class: 'code' }, foreign(letter.topic)),
        ', from ',
        element('span', { class: 'code' }, foreign(letter.user ?? letter.clientId, 80)),
      ),
      element('p', {}, more),
    ];
  }
}

/** @param {BoundedDetail} letter @param {string | undefined} key */
function payloadNodes(letter, key) {
  const { payloadBytes, payloadKept } = letter;
  const hasStart = letter.payload !== undefined || letter.payloadBase64 !== undefined;
  if (payloadKept === false && !hasStart)
    return [element('p', { class: 'note' }, `Its content (${bytes(payloadBytes)}) is not kept.`)];
  if (payloadBytes === 0) return [element('p', { class: 'note' }, 'It is empty.')];
  const block = { class: 'code-block', tabindex: '0', role: 'group', 'aria-label': 'What arrived' };
  const shown = element('pre', block, ...markedPayload(letter, key));
  if (payloadKept !== false) return [shown];
  const note = `Not all of it is kept; its content had ${bytes(payloadBytes)}.`;
  return [shown, element('p', { class: 'note' }, note)];
}

/**
 * The last key of the path of a field, as the rule has it.
 *
 * @param {string | undefined} text
 */
function keyOf(text) {
  return /^\s+path: payload\.(?:.*\.)?([\w-]+)$/m.exec(text ?? '')?.[1];
}

/** @param {ParkedGroupView} group */
async function suggestionOf({ code, rule }) {
  try {
    /** @type {{ deadLetters: readonly ParkedView[] }} */
    const { deadLetters } = await getJson('/api/dead-letters', {
      code,
      ...(rule === undefined ? {} : { rule }),
      limit: String(LOOKED_AT),
    });
    return rangeSuggestion(deadLetters);
  } catch {
    // Without an answer nothing is suggested; the list below says why it cannot be read.
    return undefined;
  }
}

/** @param {string} number @param {Child} title */
function heading(number, title) {
  return element('h3', {}, element('span', { class: 'step-number', 'aria-hidden': 'true' }, number), title);
}
