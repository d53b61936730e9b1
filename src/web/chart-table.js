import { momentOf } from './chart-time.js';
import { element } from './dom.js';
import { foreign, value } from './format.js';
import { swatch } from './line-legend.js';

/** @import { Line } from './types.js' */

/** Of a value that only a window says, the time is shown as roughly as this. */
const HOUR_MS = 3_600_000;
const COLUMNS = ['Line', 'Newest', 'Lowest', 'Mean', 'Highest', 'At'];

/** The lines of a chart as a table, for those who do not see it, and for exact numbers. */
export class ChartTable {
  node;
  #caption = element('caption', { class: 'unseen' });
  #rows = element('tbody');

  constructor() {
    const heads = COLUMNS.map((name) => element('th', { scope: 'col' }, name));
    this.node = element(
      'div',
      { class: 'chart-table', tabindex: '0', role: 'group', 'aria-label': 'Values', hidden: '' },
      element('table', {}, this.#caption, element('thead', {}, element('tr', {}, ...heads)), this.#rows),
    );
  }

  /**
   * `caption`: what is drawn, in words.
   *
   * @param {string} caption
   * @param {readonly Line[]} lines
   * @param {number} nowMs
   */
  show(caption, lines, nowMs) {
    this.#caption.textContent = caption;
    this.#rows.replaceChildren(
      ...lines.map(({ label, style, statistics }) => {
        const { last, min, mean, max } = statistics;
        const at = last === null ? '–' : momentOf(last.atMs, last.isExactTime ? 1 : HOUR_MS, nowMs);
        const cells = [value(last?.value), value(min), value(mean), value(max), at];
        const name = element('th', { scope: 'row' }, swatch(style), element('bdi', {}, foreign(label, 80)));
        return element('tr', {}, name, ...cells.map((text) => element('td', {}, text)));
      }),
    );
  }
}
