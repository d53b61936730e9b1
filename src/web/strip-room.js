import { element, setAttribute, setText, svgElement } from './dom.js';
import { bytes, duration, moment, share } from './format.js';

/** @import { LiveState } from './types.js' */

/** How much room the log has left: a bar with "now" on it, and when it is full at the rate of the last minutes. */
export class StripRoom {
  node;
  #used = svgElement('rect', { class: 'used', y: '1', height: '10', rx: '3' });
  #mark = svgElement('line', { class: 'now', y1: '-3', y2: '15' });
  #bar;
  #words = element('span');
  #full = element('span');

  constructor() {
    this.#bar = svgElement(
      'svg',
      { class: 'room-bar', role: 'img', 'aria-label': 'Room in the log' },
      svgElement('rect', { class: 'track', x: '0', y: '1', width: '100%', height: '10', rx: '3' }),
      this.#used,
      this.#mark,
    );
    this.node = element('div', { class: 'room' }, this.#bar, element('p', {}, this.#words, this.#full));
  }

  /** @param {Pick<LiveState, 'log' | 'backlog' | 'logBytesPerSecond' | 'nowMs'>} state */
  show({ log, backlog, logBytesPerSecond, nowMs }) {
    this.node.hidden = log === undefined || log.maxSizeBytes === 0;
    if (log === undefined || log.maxSizeBytes === 0) return;
    const percent = `${Math.min(100, Math.round((log.sizeBytes / log.maxSizeBytes) * 1000) / 10)}%`;
    setAttribute(this.#used, 'width', percent);
    setAttribute(this.#mark, 'x1', percent);
    setAttribute(this.#mark, 'x2', percent);
    const pace = logBytesPerSecond === null ? '' : `, ${bytes(logBytesPerSecond)}/s`;
    const { state, ms = 0 } = backlog.logFull ?? { state: 'unknown' };
    const full = state === 'in' ? `full at about ${moment(nowMs + ms, nowMs).replace(/:\d\d$/, '')}` : '';
    setText(this.#words, `${bytes(log.sizeBytes)} of ${bytes(log.maxSizeBytes)}${pace}`);
    setText(this.#full, full);
    const used = share(log.sizeBytes, log.maxSizeBytes);
    const soon = state === 'in' ? ` At this rate it is full in ${duration(ms)}.` : '';
    setAttribute(this.#bar, 'aria-label', `Of the log ${used} is used.${soon}`);
  }
}
