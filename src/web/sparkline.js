import { setAttribute, svgElement } from './dom.js';
import { rate } from './format.js';
import { sparkPaths } from './rate-history.js';

/** @import { RateHistory } from './types.js' */

const WIDTH = 160;
const HEIGHT = 32;

/** The rate of the last three minutes as a small curve that stretches to its box. */
export class Sparkline {
  node;
  #line = svgElement('path', { class: 'spark-line', 'vector-effect': 'non-scaling-stroke' });
  #area = svgElement('path', { class: 'spark-area' });

  constructor() {
    this.node = svgElement(
      'svg',
      {
        class: 'spark',
        viewBox: `0 -2 ${WIDTH} ${HEIGHT + 3}`,
        preserveAspectRatio: 'none',
        role: 'img',
        'aria-label': 'Rate of the last 3 minutes',
      },
      this.#area,
      this.#line,
    );
  }

  /** @param {RateHistory} history @param {string} name @param {number} nowMs @param {string} unit */
  show(history, name, nowMs, unit) {
    const peak = history.peak(name);
    const { line, area } = sparkPaths(history.of(name), { width: WIDTH, height: HEIGHT, nowMs, peak });
    this.#line.setAttribute('d', line);
    this.#area.setAttribute('d', area);
    setAttribute(this.node, 'aria-label', `Rate of the last 3 minutes, at most ${rate(peak)} ${unit}`);
  }
}
