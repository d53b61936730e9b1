import { DeadLetterFilter, wordsOf } from './dead-letter-filter.js';
import { byId, putInOrder, setText } from './dom.js';
import { count, foreign, moment } from './format.js';
import { setDisabled } from './keep-focus.js';
import { LetterDrawer } from './letter-drawer.js';
import { letterRow } from './letter-row.js';
import { failureOf, getJson } from './poll.js';
import { ReplayPanel } from './replay-panel.js';

/** @import { Drawer } from './drawer.js' */
/** @import { ConfirmDialog } from './confirm-dialog.js' */
/**
 * @import {
 *   LiveState,
 *   ParkedSelection,
 *   ParkedView,
 *   Refresh,
 *   ReplayKind,
 * } from './types.js'
 */

/**
 * @typedef {{
 *   deadLetters: readonly ParkedView[],
 *   next?: string,
 *   incomplete?: true,
 * }} DeadLettersAnswer
 */

const REFRESH_AT_LEAST_MS = 3_000;
/** A list that took long is asked for less often: the page waits ten times as long as the answer took. */
const REST_PER_ASKED = 10;
const ROWS_AT_FIRST = 10;
const ROWS_A_STEP = 50;
/** As many as the API lists at once: beyond it the page does not know how many there are. */
const MAX_ROWS = 500;

/** The parked records, newest first, with their reasons, and the buttons for replay and purge. */
export class DeadLettersPanel {
  #letterDrawer;
  #refresh;
  #filter;
  #replayPanel;
  #limit = ROWS_AT_FIRST;
  #nowMs = Date.now();
  /**
   * By all that a row shows. A row stays while others come: it may have the focus.
   *
   * @type {Map<string, HTMLElement>}
   */
  #rows = new Map();
  #note = byId('dead-letters-note');
  #more = byId('more-dead-letters');
  #replay = byId('replay-shown', HTMLButtonElement);
  #purge = byId('purge-shown', HTMLButtonElement);
  #hasRows = false;
  /** A key for what can be listed: it differs when the list may have changed. */
  #known = '';
  /**
   * The key of the list that is shown; null when another list is wanted.
   *
   * @type {string | null}
   */
  #listed = null;
  #askedMs = 0;

  /**
   * `refresh`: asks the page to call `update` soon.
   *
   * @param {Drawer} drawer
   * @param {ConfirmDialog} confirm
   * @param {Refresh} refresh
   */
  constructor(drawer, confirm, refresh) {
    this.#refresh = refresh;
    this.#filter = new DeadLetterFilter(() => {
      this.#limit = ROWS_AT_FIRST;
      this.#listAgain();
    });
    this.#replayPanel = new ReplayPanel(confirm, () => this.#showButtons());
    this.#letterDrawer = new LetterDrawer(drawer, this.#replayPanel, () => this.whyOff);
    this.#more.addEventListener('click', () => {
      this.#limit = Math.min(MAX_ROWS, this.#limit + ROWS_A_STEP);
      this.#listAgain();
    });
    this.#replay.addEventListener('click', () => this.#replayShown('replay'));
    this.#purge.addEventListener('click', () => this.#replayShown('purge'));
  }

  /**
   * `state`: LiveState of the API, and why nothing can be changed.
   *
   * @param {LiveState & { whyNoChanges: string }} state
   */
  show(state) {
    const { startedAtMs, ledger, replay } = state;
    const wasRunning = this.#replayPanel.isRunning;
    this.#filter.showReasons(ledger.reasons.parked);
    this.#replayPanel.show(state);
    // A replay that parks all again leaves the numbers as they were.
    this.#known = JSON.stringify([startedAtMs, ledger.reasons.parked, replay?.startedAtMs, replay?.state]);
    if (wasRunning && !this.#replayPanel.isRunning) this.#refresh();
  }

  /** Why nothing can be replayed or deleted now; '' when it can. */
  get whyOff() {
    const { whyNoChanges, isRunning } = this.#replayPanel;
    if (whyNoChanges !== '') return whyNoChanges;
    return isRunning ? 'A replay or deletion is running.' : '';
  }

  /**
   * Lists only the messages of one group, and goes there.
   *
   * @param {string} code
   * @param {string | undefined} rule
   */
  showGroup(code, rule) {
    this.#filter.choose(code, rule);
    this.#limit = ROWS_AT_FIRST;
    this.#listAgain();
    const title = byId('messages-title');
    title.tabIndex = -1;
    title.focus({ preventScroll: true });
    title.scrollIntoView();
  }

  /**
   * Asks about a replay or deletion of one group.
   *
   * @param {ReplayKind} kind
   * @param {string} code
   * @param {string | undefined} rule
   */
  changeGroup(kind, code, rule) {
    const filter = { code, ...(rule === undefined ? {} : { rule }) };
    return this.#change(kind, filter, wordsOf(filter), (letter) => letter.rule === rule);
  }

  get refreshMs() {
    return Math.max(REFRESH_AT_LEAST_MS, this.#askedMs * REST_PER_ASKED);
  }

  #listAgain() {
    this.#listed = null;
    this.#refresh();
  }

  /**
   * Asks for the list only when it may have changed, because the gateway reads its files for each answer.
   *
   * @param {number} nowMs
   */
  async update(nowMs) {
    this.#nowMs = nowMs;
    const known = this.#known;
    if (known === this.#listed) return;
    const beganMs = performance.now();
    // A choice that the person makes while the gateway is asked sets it to null.
    this.#listed = known;
    // One more than is shown tells whether there are more.
    const limit = Math.min(MAX_ROWS, this.#limit + 1);
    /** @type {readonly ParkedView[]} */
    let deadLetters;
    try {
      deadLetters = await this.#ask(limit, () => this.#listed === known);
    } catch (thrown) {
      // The last list stays on the page with a sentence that says why it may be old. It is asked for again.
      this.#listed = null;
      this.#showNote(`The messages cannot be read now: ${foreign(failureOf(thrown).message)}`);
      return;
    } finally {
      this.#askedMs = performance.now() - beganMs;
    }
    // What was found for a choice that the person has changed meanwhile is not shown.
    if (this.#listed === known) this.#showRows(deadLetters);
  }

  /**
   * Asks for as many as `limit`. One answer of a large dead letter ends before that, and the next one goes on there.
   *
   * @param {number} limit
   * @param {() => boolean} isWanted
   * @param {Readonly<Record<string, string>>} [filter]
   * @returns {Promise<readonly ParkedView[]>}
   */
  async #ask(limit, isWanted, filter = this.#filter.chosen) {
    /** @type {readonly ParkedView[]} */
    let found = [];
    /** @type {string | undefined} */
    let after;
    do {
      /** @type {DeadLettersAnswer} */
      const answer = await getJson('/api/dead-letters', {
        ...filter,
        limit: String(limit - found.length),
        ...(after === undefined ? {} : { after }),
      });
      found = [...found, ...answer.deadLetters];
      after = answer.incomplete ? answer.next : undefined;
      if (after !== undefined && isWanted()) this.#showNote('Searching in older messages…');
    } while (after !== undefined && found.length < limit && isWanted());
    return found;
  }

  /** @param {readonly ParkedView[]} deadLetters */
  #showRows(deadLetters) {
    const shown = deadLetters.slice(0, this.#limit);
    this.#filter.showSeen(shown);
    this.#hasRows = shown.length > 0;
    byId('dead-letters').hidden = !this.#hasRows;
    byId('dead-letters-tools').hidden = !this.#hasRows && this.#filter.isEmpty;
    const nothing = this.#filter.isEmpty
      ? 'Nothing is set aside.'
      : 'Nothing is set aside that fits this filter.';
    this.#showNote(this.#hasRows ? '' : nothing);
    this.#rows = new Map(
      shown.map((letter) => {
        const key = JSON.stringify([letter, moment(letter.parkedAtMs, this.#nowMs)]);
        return [key, this.#rows.get(key) ?? letterRow(letter, this.#nowMs, () => this.openLetter(letter))];
      }),
    );
    putInOrder(byId('dead-letters-rows'), [...this.#rows.values()]);
    const isMore = deadLetters.length > shown.length;
    this.#more.hidden = !isMore;
    setText(
      byId('dead-letters-foot'),
      `${isMore || shown.length === MAX_ROWS ? 'The newest' : 'All'} ${count(shown.length)}, newest first.`,
    );
    byId('filter-clear').hidden = this.#filter.isEmpty;
    this.#showButtons();
  }

  /**
   * Shows one message in full.
   *
   * @param {Pick<ParkedView, 'id' | 'cursor'>} letter
   */
  openLetter(letter) {
    return this.#letterDrawer.open(letter, this.#nowMs);
  }

  /**
   * Asks about what the filter matches, by id where the page can count it: then no other record is touched.
   *
   * @param {ReplayKind} kind
   */
  #replayShown(kind) {
    return this.#change(kind, this.#filter.chosen, this.#filter.words, () => true);
  }

  /**
   * `isMeant` can say more than the filter, and only where the messages are counted.
   *
   * @param {ReplayKind} kind
   * @param {Readonly<Record<string, string>>} filter
   * @param {string} words
   * @param {(letter: ParkedView) => boolean} isMeant
   */
  async #change(kind, filter, words, isMeant) {
    /** @type {readonly ParkedView[]} */
    let deadLetters;
    try {
      deadLetters = await this.#ask(MAX_ROWS, () => true, filter);
      this.#showNote('');
    } catch (thrown) {
      this.#replayPanel.fail(`The messages cannot be counted now: ${foreign(failureOf(thrown).message)}`);
      return;
    }
    if (!deadLetters.some(isMeant)) {
      this.#listAgain();
      return;
    }
    const isCounted = deadLetters.length < MAX_ROWS;
    const meant = deadLetters.filter(isMeant);
    /** @type {ParkedSelection} */
    const selection = isCounted
      ? { ids: meant.map(({ id }) => id) }
      : Object.keys(filter).length === 0
        ? { all: true }
        : filter;
    const also = isCounted ? '' : ' Also those that are set aside until it begins.';
    await this.#replayPanel[kind](selection, isCounted ? meant.length : null, `${words}${also}`);
  }

  #showButtons() {
    const why = this.whyOff;
    const isOff = why !== '';
    for (const button of [this.#replay, this.#purge]) {
      setDisabled(button, isOff || !this.#hasRows);
      button.title = why;
    }
    setText(this.#replay, this.#filter.isEmpty ? 'Replay all…' : 'Replay all that fit…');
    setText(this.#purge, this.#filter.isEmpty ? 'Delete all…' : 'Delete all that fit…');
    this.#letterDrawer.showButtons(why);
  }

  /** @param {string} sentence */
  #showNote(sentence) {
    setText(this.#note, sentence);
    this.#note.hidden = sentence === '';
  }
}
