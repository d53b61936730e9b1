import { byId, setAttribute, setClass, setText } from './dom.js';

/** @import { Level } from './types.js' */

const MARKS = { healthy: '', slow: '▲ ', stopped: '● ' };
const ICONS = {
  healthy: '/assets/icon.svg',
  slow: '/assets/icon-slow.svg',
  stopped: '/assets/icon-stopped.svg',
};

/** The state of the whole gateway: in the header, and in the browser tab for people who look at another page. */
export class OverallView {
  #line = byId('overall');
  #icon = byId('icon');

  /**
   * `level` is healthy, slow or stopped.
   *
   * @param {{ level: Level; words: string }} state
   */
  show({ level, words }) {
    setClass(this.#line, `overall state ${level}`);
    setText(this.#line, words);
    const title = level === 'healthy' ? 'Sluice' : `${MARKS[level]}${words} · Sluice`;
    if (document.title !== title) document.title = title;
    setAttribute(this.#icon, 'href', ICONS[level]);
  }
}
