import { byId, setClass, setText } from './dom.js';
import { count, foreign } from './format.js';
import { failureOf, sendJson } from './poll.js';
import { messageCount, processedCount, replayWords } from './replay-words.js';

/** @import { ConfirmDialog } from './confirm-dialog.js' */
/** @import { LiveState, ParkedSelection, ReplayKind, ReplayStatus } from './types.js' */

const COMMAND_WORKS = 'The command line always works:';
/** Why replay and purge are off, and what to do instead. */
const NO_CHANGES = `Replaying and deleting are switched off on this address; the setting http.changes decides where they work. ${COMMAND_WORKS}`;

/**
 * Begins a replay or purge of messages that are set aside and shows its progress. `selection` is that of the API; `records` is how
 * many records it selects, or null when there are more than the page can count.
 */
export class ReplayPanel {
  /** Why the gateway answers no changes; '' where it does. */
  whyNoChanges = '';
  isRunning = false;
  #confirm;
  #changed;
  #shown = '';
  #line = byId('replay');
  #sentence = byId('replay-sentence');
  #bar = byId('replay-progress', HTMLProgressElement);
  #refusal = byId('replay-refusal');
  #command = byId('replay-command');

  /**
   * `changed` is called when the buttons or the list of dead letters may have to change.
   *
   * @param {ConfirmDialog} confirm
   * @param {() => void} changed
   */
  constructor(confirm, changed) {
    this.#confirm = confirm;
    this.#changed = changed;
  }

  /** @param {Pick<LiveState, 'replay' | 'mayChange' | 'command'> & { whyNoChanges: string }} shown */
  show({ replay, mayChange, whyNoChanges, command }) {
    const key = JSON.stringify([replay, mayChange, whyNoChanges]);
    if (key === this.#shown) return;
    this.#shown = key;
    this.whyNoChanges = whyNoChanges;
    setText(byId('replay-note-text'), mayChange ? `${whyNoChanges} ${COMMAND_WORKS}` : NO_CHANGES);
    setText(this.#command, `${command} dead-letters --help`);
    byId('replay-note').hidden = whyNoChanges === '';
    this.#showProgress(replay);
    this.#changed();
  }

  /** @param {ReplayStatus | null} replay */
  #showProgress(replay) {
    this.isRunning = replay?.state === 'running';
    this.#line.hidden = replay === null;
    if (replay === null) return;
    const { level, sentence } = replayWords(replay);
    setClass(this.#sentence, `state ${level}`);
    setText(this.#sentence, sentence);
    this.#bar.hidden = !this.isRunning;
    this.#bar.max = Math.max(1, replay.selected);
    this.#bar.value = processedCount(replay);
  }

  /** @param {string} id */
  replayOne(id) {
    return this.#begin('replay', { ids: [id] });
  }

  /**
   * `which` says in a sentence which records are meant.
   *
   * @param {ParkedSelection} selection
   * @param {number | null} records
   * @param {string} which
   */
  async replay(selection, records, which) {
    const yes = await this.#confirm.ask({
      title: `Replay ${spoken(records)}?`,
      sentences: [
        which,
        'The rules in use process each message again: it is stored, ignored, or set aside again. A point that is already in the store is overwritten with the same point; nothing is doubled.',
      ],
      action: `Replay ${records === null ? 'all of them' : count(records)}`,
      isFinal: false,
    });
    if (yes) await this.#begin('replay', selection);
  }

  /** @param {ParkedSelection} selection @param {number | null} records @param {string} which */
  async purge(selection, records, which) {
    const yes = await this.#confirm.ask({
      title: `Delete ${spoken(records)}?`,
      sentences: [
        which,
        'They are deleted for good, with their content. This cannot be undone. The ledger goes on counting them as set aside, for the reason “purged”.',
      ],
      action: `Delete ${records === null ? 'all of them' : count(records)}`,
      isFinal: true,
    });
    if (yes) await this.#begin('purge', selection);
  }

  /** @param {ReplayKind} kind @param {ParkedSelection} selection */
  async #begin(kind, selection) {
    this.#refusal.hidden = true;
    try {
      this.#showProgress(await sendJson('POST', `/api/dead-letters/${kind}`, selection));
      // The next state must be shown even if it equals the last one, which may have come before this answer: the
      // replay may be over by then, or the gateway restarted.
      this.#shown = '';
      this.#changed();
    } catch (thrown) {
      this.fail(
        `The ${kind === 'replay' ? 'replay' : 'deletion'} was not begun: ${foreign(failureOf(thrown).message, 500)}`,
      );
    }
  }

  /** @param {string} sentence */
  fail(sentence) {
    this.#refusal.hidden = false;
    setText(this.#refusal, sentence);
  }
}

/** @param {number | null} records */
function spoken(records) {
  return records === null ? '500 messages or more' : messageCount(records);
}
