import { byId, putInOrder, setText } from './dom.js';
import { DoneLately } from './done-lately.js';
import { bytes, count, foreign } from './format.js';
import { totalWords } from './group-words.js';
import { failureOf, getJson } from './poll.js';
import { messageCount } from './replay-words.js';
import { SetAsideRow } from './set-aside-row.js';

/** @import { DeadLettersPanel } from './dead-letters-panel.js' */
/** @import { LiveState, ParkedGroupsView, ParkedGroupView } from './types.js' */

const REFRESH_AT_LEAST_MS = 3_000;
/** An answer that took long is asked for less often: the page waits ten times as long as it took. */
const REST_PER_ASKED = 10;
/** Commands find it without its name. */
const DEFAULT_FILE = 'sluice.yaml';

/** What is set aside, one row a reason. Rows keep their places while the view is shown; what is new comes below them. */
export class SetAsidePanel {
  #letters;
  /** In their order on the page. @type {Map<string, SetAsideRow>} */
  #rows = new Map();
  #done = new DoneLately();
  #words = byId('set-aside-words');
  #note = byId('set-aside-note');
  #foot = byId('set-aside-foot');
  #box = byId('set-aside');
  #asking = byId('set-aside-asking');
  #badge = byId('set-aside-badge');
  #askedMs = 0;
  #command = '';
  /** @type {ParkedGroupsView | null} */
  #view = null;

  /** @param {DeadLettersPanel} letters the list of single messages, which replays and deletes */
  constructor(letters) {
    this.#letters = letters;
  }

  get refreshMs() {
    // The gateway reads older files only when it is asked.
    if (this.#view?.incomplete) return REFRESH_AT_LEAST_MS;
    return Math.max(REFRESH_AT_LEAST_MS, this.#askedMs * REST_PER_ASKED);
  }

  /** @param {Pick<LiveState, 'command' | 'setAsideToday'>} state */
  show({ command, setAsideToday }) {
    this.#command = command;
    this.#badge.hidden = setAsideToday === 0;
    setText(this.#badge, count(setAsideToday));
    this.#badge.title = `${count(setAsideToday)} set aside today`;
    for (const row of this.#rows.values()) row.showButtons(this.#letters.whyOff);
  }

  /** The view comes to be shown: from now on the rows keep the order of the next answer. */
  begin() {
    for (const [key, row] of this.#rows) if (!row.isOpen) this.#rows.delete(key);
  }

  /** @param {number} nowMs the gateway's time */
  async update(nowMs) {
    const beganMs = performance.now();
    try {
      this.#view = await getJson('/api/dead-letters/groups');
      this.#showNote('');
    } catch (thrown) {
      // The last rows stay, with a sentence that says why they may be old.
      this.#showNote(`What is set aside cannot be read now: ${foreign(failureOf(thrown).message)}`);
      return;
    } finally {
      this.#askedMs = performance.now() - beganMs;
    }
    if (this.#view !== null) this.#showView(this.#view, nowMs);
  }

  /** @param {ParkedGroupsView} view @param {number} nowMs */
  #showView(view, nowMs) {
    this.#asking.hidden = true;
    setText(this.#words, totalWords(view));
    const around = {
      nowMs,
      rulesSinceMs: view.rulesSinceMs,
      command: commandOf(this.#command, view.rulesFile),
      whyOff: this.#letters.whyOff,
    };
    const groups = new Map(view.groups.map((group) => [JSON.stringify([group.code, group.rule]), group]));
    for (const [key, row] of this.#rows) {
      if (groups.has(key)) continue;
      if (row.isOpen) row.showNone();
      else this.#rows.delete(key);
    }
    for (const [key, group] of groups) {
      const row = this.#rows.get(key) ?? this.#newRow(group);
      this.#rows.set(key, row);
      row.show(group, around);
    }
    putInOrder(
      byId('set-aside-rows'),
      [...this.#rows.values()].map(({ node }) => node),
    );
    this.#box.hidden = this.#rows.size === 0;
    this.#showFoot(view);
    this.#done.show(view.finished, nowMs);
    setText(
      byId('set-aside-room'),
      `room for messages set aside: ${bytes(view.sizeBytes)} of ${bytes(view.maxSizeBytes)} used`,
    );
  }

  /** @param {ParkedGroupView} group */
  #newRow(group) {
    return new SetAsideRow(group, {
      change: (kind, { code, rule }) => void this.#letters.changeGroup(kind, code, rule),
      openLetter: (letter) => void this.#letters.openLetter(letter),
      list: ({ code, rule }) => this.#letters.showGroup(code, rule),
    });
  }

  /** @param {ParkedGroupsView} view */
  #showFoot({ incomplete, groups, ofOtherGroups, records }) {
    const read = groups.reduce((sum, { count: ofGroup }) => sum + ofGroup, ofOtherGroups);
    const parts = [
      ...(incomplete
        ? [`Older files are being read: ${count(read)} of ${messageCount(records)} are in these rows so far.`]
        : []),
      ...(ofOtherGroups > 0
        ? [`${messageCount(ofOtherGroups)} of more reasons are only in the list below.`]
        : []),
    ];
    setText(this.#foot, parts.join(' '));
    this.#foot.hidden = parts.length === 0;
  }

  /** @param {string} sentence */
  #showNote(sentence) {
    setText(this.#note, sentence);
    this.#note.hidden = sentence === '';
  }
}

/**
 * How a command is called on the configuration in use.
 *
 * @param {string} sluice
 * @param {string | undefined} file
 * @returns {(name: string) => string}
 */
function commandOf(sluice, file) {
  const config = file === undefined || file === DEFAULT_FILE ? '' : ` -c ${foreign(file)}`;
  return (name) => `${sluice} ${name}${config}`;
}
