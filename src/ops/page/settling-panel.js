import { byId, setClass, setText } from './dom.js';
import { count, foreign } from './format.js';
import { sendJson } from './poll.js';
import { deadLetterCount, settledCount, settlingWords } from './settling-words.js';

/** Why nothing can be asked for here, and what to do instead. */
const NO_CHANGES =
  'Replay and purge are not answered on this address: http.changes in the configuration says where they are. The command line works always:';

/**
 * The ways out of the dead letters: begins a replay or purge and shows how it goes. `selection`: of the API;
 * `records`: how many that are, null when only that there are more than the page can count.
 */
export class SettlingPanel {
  /** False where the gateway answers no changes. */
  mayChange = true;
  isRunning = false;
  #confirm;
  #changed;
  #shown = '';
  #line = byId('settling');
  #sentence = byId('settling-sentence');
  #bar = byId('settling-progress');
  #refusal = byId('settling-refusal');
  #command = byId('settling-command');

  /** `changed`: called when what may be asked for, or what is parked, has changed. */
  constructor(confirm, changed) {
    this.#confirm = confirm;
    this.#changed = changed;
    setText(byId('settling-note-text'), NO_CHANGES);
    setText(this.#command, 'npx sluice dead-letters --help');
  }

  show({ settling, mayChange }) {
    const key = JSON.stringify([settling, mayChange]);
    if (key === this.#shown) return;
    this.#shown = key;
    this.mayChange = mayChange;
    byId('settling-note').hidden = mayChange;
    this.#showProgress(settling);
    this.#changed();
  }

  #showProgress(settling) {
    this.isRunning = settling?.state === 'running';
    this.#line.hidden = settling === null;
    if (settling === null) return;
    const { level, sentence } = settlingWords(settling);
    setClass(this.#sentence, `state ${level}`);
    setText(this.#sentence, sentence);
    this.#bar.hidden = !this.isRunning;
    this.#bar.max = Math.max(1, settling.selected);
    this.#bar.value = settledCount(settling);
  }

  replayOne(id) {
    return this.#begin('replay', { ids: [id] });
  }

  async replay(selection, records, which) {
    const yes = await this.#confirm.ask({
      title: `Replay ${spoken(records)}?`,
      sentences: [
        which,
        'The present rules decide anew on each: it is written, filtered, or parked again. A point that is in the store already is overwritten by itself; nothing is doubled.',
      ],
      action: `Replay ${records === null ? 'all of them' : count(records)}`,
      isFinal: false,
    });
    if (yes) await this.#begin('replay', selection);
  }

  async purge(selection, records, which) {
    const yes = await this.#confirm.ask({
      title: `Purge ${spoken(records)}?`,
      sentences: [
        which,
        'They are deleted for good, with their payloads. This cannot be undone. The ledger goes on counting them as parked, for the reason “purged”.',
      ],
      action: `Purge ${records === null ? 'all of them' : count(records)}`,
      isFinal: true,
    });
    if (yes) await this.#begin('purge', selection);
  }

  async #begin(kind, selection) {
    this.#refusal.hidden = true;
    // Whatever the next state says is news, also if it says what the last one said: the gateway may start anew.
    this.#shown = '';
    try {
      this.#showProgress(await sendJson('POST', `/api/dead-letters/${kind}`, selection));
      this.#changed();
    } catch (failure) {
      this.fail(`The ${kind} was not begun: ${foreign(failure.message, 500)}`);
    }
  }

  fail(sentence) {
    this.#refusal.hidden = false;
    setText(this.#refusal, sentence);
  }
}

function spoken(records) {
  return records === null ? '500 dead letters or more' : deadLetterCount(records);
}
