import { byId, setAttribute, setClass, setText } from './dom.js';

const MARKS = { healthy: '', slow: '▲ ', stopped: '● ' };
const ICONS = {
  healthy: '/assets/icon.svg',
  slow: '/assets/icon-slow.svg',
  stopped: '/assets/icon-stopped.svg',
};

/** How the gateway is as a whole: in the header, and in the tab for whoever looks at another page. */
export class OverallView {
  #line = byId('overall');
  #icon = byId('icon');

  /** `level`: healthy, slow or stopped. */
  show({ level, words }) {
    setClass(this.#line, `overall state ${level}`);
    setText(this.#line, words);
    const title = level === 'healthy' ? 'Sluice' : `${MARKS[level]}${words} · Sluice`;
    if (document.title !== title) document.title = title;
    setAttribute(this.#icon, 'href', ICONS[level]);
  }
}
