import { byId, setText } from './dom.js';
import { foreign } from './format.js';
import { setDisabled } from './keep-focus.js';
import { failureOf, sendJson } from './poll.js';

/** @import { LiveState } from './types.js' */

/** How much the gateway writes to its log, and a button for more of it for a while. */
export class LogLevelSwitch {
  #words = byId('log-level');
  #button = byId('log-level-button', HTMLButtonElement);
  #refusal = byId('log-level-refusal');
  #level = '';
  /** The level before the person asked for debug. */
  #usual = 'info';

  constructor() {
    this.#button.addEventListener('click', () => this.#set(this.#level === 'debug' ? this.#usual : 'debug'));
  }

  /** @param {Pick<LiveState, 'logLevel'> & { whyNoChanges: string }} shown */
  show({ logLevel, whyNoChanges }) {
    byId('log-level-line').hidden = false;
    this.#level = logLevel;
    if (logLevel !== 'debug') this.#usual = logLevel;
    setText(this.#words, logLevel);
    setText(this.#button, logLevel === 'debug' ? `Back to ${this.#usual}` : 'Switch to debug');
    setDisabled(this.#button, whyNoChanges !== '');
    this.#button.title = whyNoChanges;
  }

  /** @param {string} level */
  async #set(level) {
    this.#refusal.hidden = true;
    try {
      await sendJson('PUT', '/api/log-level', { level });
    } catch (thrown) {
      this.#refusal.hidden = false;
      setText(this.#refusal, `The log level was not changed: ${foreign(failureOf(thrown).message, 500)}`);
    }
  }
}
