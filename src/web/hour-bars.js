import { setAttribute, svgElement } from './dom.js';
import { count } from './format.js';

const BAR = 4;
const STEP = 5;
const HEIGHT = 24;
/** The lowest bar: that there was anything must be seen. */
const MIN_HEIGHT = 3;

/** How many there were in each of 24 hours, as bars; the last one is the hour that is going on. */
export class HourBars {
  node = svgElement('svg', {
    class: 'bars',
    viewBox: `0 0 ${24 * STEP} ${HEIGHT}`,
    preserveAspectRatio: 'none',
    role: 'img',
  });
  #shown = '';

  /** @param {readonly number[]} perHour */
  show(perHour) {
    const key = perHour.join();
    if (key === this.#shown) return;
    this.#shown = key;
    const most = Math.max(...perHour);
    const total = perHour.reduce((sum, records) => sum + records, 0);
    const words =
      total === 0
        ? 'None in the last 24 hours'
        : `${count(total)} in the last 24 hours, at most ${count(most)} in one`;
    setAttribute(this.node, 'aria-label', words);
    this.node.replaceChildren(
      svgElement('title', {}, words),
      ...perHour.flatMap((records, hour) => (records === 0 ? [] : [bar(hour, records / most)])),
    );
  }
}

/** @param {number} hour @param {number} share */
function bar(hour, share) {
  const height = Math.max(MIN_HEIGHT, share * HEIGHT);
  return svgElement('rect', {
    x: String(hour * STEP),
    y: String(HEIGHT - height),
    width: String(BAR),
    height: String(height),
  });
}
