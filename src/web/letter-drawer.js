import { deadLetterDetails } from './dead-letter-details.js';
import { element, setText } from './dom.js';
import { foreign } from './format.js';
import { setDisabled } from './keep-focus.js';
import { failureOf, getJson } from './poll.js';

/** @import { Drawer } from './drawer.js' */
/** @import { ReplayPanel } from './replay-panel.js' */
/** @import { BoundedDetail, Child, ParkedView } from './types.js' */
/** @typedef {{ id: string, buttons: readonly HTMLButtonElement[], why: HTMLElement }} OpenLetter */

/** One message that is set aside, in full, with the buttons to replay and delete it. */
export class LetterDrawer {
  #drawer;
  #replayPanel;
  #whyOff;
  /** @type {OpenLetter | null} */
  #open = null;

  /**
   * `whyOff` says why nothing can be replayed or deleted now; '' when it can.
   *
   * @param {Drawer} drawer
   * @param {ReplayPanel} replayPanel
   * @param {() => string} whyOff
   */
  constructor(drawer, replayPanel, whyOff) {
    this.#drawer = drawer;
    this.#replayPanel = replayPanel;
    this.#whyOff = whyOff;
  }

  /** @param {Pick<ParkedView, 'id' | 'cursor'>} letter @param {number} nowMs */
  async open({ id, cursor }, nowMs) {
    /** @type {OpenLetter} */
    const open = { id, buttons: [], why: element('span') };
    this.#open = open;
    const close = () => {
      if (this.#open === open) this.#open = null;
    };
    const asking = element('p', { class: 'note' }, 'Asking the gateway…');
    this.#drawer.open('A message that is set aside', [asking], close);
    const nodes = await this.#nodesOf(open, cursor, nowMs);
    // Closed, or another one opened, while the gateway was asked.
    if (this.#open !== open) return;
    this.#drawer.fill(nodes);
    this.showButtons(this.#whyOff());
  }

  /** @param {string} whyOff */
  showButtons(whyOff) {
    if (this.#open === null) return;
    for (const button of this.#open.buttons) setDisabled(button, whyOff !== '');
    setText(this.#open.why, whyOff);
  }

  /**
   * @param {OpenLetter} open
   * @param {string | undefined} cursor
   * @param {number} nowMs
   * @returns {Promise<readonly Child[]>}
   */
  async #nodesOf(open, cursor, nowMs) {
    try {
      /** @type {BoundedDetail} */
      const letter = await getJson(
        `/api/dead-letters/${open.id}`,
        cursor === undefined ? {} : { after: cursor },
      );
      return [this.#actions(open), ...deadLetterDetails(letter, nowMs)];
    } catch (thrown) {
      const failure = failureOf(thrown);
      const gone = failure.code === 'NOT_FOUND' ? ' It may have been replayed or deleted meanwhile.' : '';
      return [element('p', { class: 'note', role: 'alert' }, `${foreign(failure.message)}${gone}`)];
    }
  }

  /** @param {OpenLetter} open */
  #actions(open) {
    const { id } = open;
    const replay = element('button', { type: 'button', class: 'primary' }, 'Replay this');
    replay.addEventListener('click', () => {
      this.#drawer.close();
      this.#replayPanel.replayOne(id);
    });
    const purge = element('button', { type: 'button' }, 'Delete this…');
    purge.addEventListener('click', () => {
      this.#drawer.close();
      this.#replayPanel.purge({ ids: [id] }, 1, 'The one that was open.');
    });
    open.buttons = [replay, purge];
    open.why = element('span', { class: 'note' });
    return element('div', { class: 'actions' }, replay, purge, open.why);
  }
}
