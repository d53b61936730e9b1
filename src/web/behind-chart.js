import { byId, Redrawn, setText, svgElement } from './dom.js';
import { delay, duration } from './format.js';
import { getJson } from './poll.js';

/** @import { StageHistory } from './types.js' */

const HEIGHT = 100;
/** The edges of the scale: half a second, then steps that read well. */
const SCALES_MS = [
  1_000, 2_000, 5_000, 10_000, 30_000, 60_000, 300_000, 600_000, 1_800_000, 3_600_000, 7_200_000, 21_600_000,
  43_200_000, 86_400_000,
];
const X_LABELS = 6;
const clock = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit' });

/** The ranges that the gateway keeps, the longest first. */
const RANGES = ['24h', '1h', '3m'];
/** With fewer points a shorter range says more: the gateway has been started a moment ago. */
const ENOUGH_POINTS = 12;

/** How far behind the store was, the highest of each step: over 24 hours, or what there is of them. */
export class BehindChart {
  #box = new Redrawn(byId('behind-chart'));
  #note = byId('behind-note');
  #isKnown = false;

  /** Asks for the history. What was shown stays when there is no answer: the strip says so. */
  async update() {
    let history;
    try {
      history = await longestHistory();
    } catch {
      if (!this.#isKnown) setText(this.#note, 'The gateway did not say. Asked again in half a minute.');
      return;
    }
    if (history.behindMs.length < 2) {
      setText(this.#note, 'Nothing yet: the gateway was started a moment ago.');
      return;
    }
    this.#isKnown = true;
    const { fromMs, stepMs, behindMs } = history;
    setText(byId('behind-range'), `from arrival to stored, last ${duration(behindMs.length * stepMs)}`);
    setText(byId('behind-resolution'), `${duration(stepMs).replace('.0 s', ' s')} a point`);
    this.#box.show(JSON.stringify([fromMs, behindMs]), () => [plot(history)]);
  }
}

/** @returns {Promise<StageHistory>} */
async function longestHistory() {
  for (const range of RANGES.slice(0, -1)) {
    /** @type {StageHistory} */
    const history = await getJson('/api/history', { range });
    if (history.behindMs.length >= ENOUGH_POINTS) return history;
  }
  return getJson('/api/history', { range: RANGES[RANGES.length - 1] });
}

/** The edge of the scale that holds this. @param {number} highestMs */
export function scaleOf(highestMs) {
  return SCALES_MS.find((edgeMs) => edgeMs >= highestMs) ?? Math.ceil(highestMs / 86_400_000) * 86_400_000;
}

/**
 * The line as SVG path data: one unit of width a step, `HEIGHT` units high.
 *
 * @param {readonly number[]} values
 * @param {number} topMs
 */
export function behindLine(values, topMs) {
  const points = values.map((value, index) => {
    const y = HEIGHT - (Math.min(value, topMs) / topMs) * HEIGHT;
    return `${index} ${Math.round(y * 100) / 100}`;
  });
  return `M${points.join('L')}`;
}

/** @param {StageHistory} answer */
function plot({ stepMs, fromMs, behindMs }) {
  const highestMs = Math.max(0, ...behindMs);
  const topMs = scaleOf(highestMs);
  const last = behindMs.length - 1;
  const rows = [0, 0.5, 1].map((share) => {
    const y = `${(1 - share) * 100}%`;
    return [
      svgElement('line', { class: 'grid', x2: '100%', y1: y, y2: y }),
      svgElement(
        'text',
        { class: 'y', x: '-8', y },
        share === 0 ? '0' : delay(topMs * share).replace('.0 s', ' s'),
      ),
    ];
  });
  const columns = Array.from({ length: X_LABELS }, (_, index) => {
    const share = (index + 0.5) / X_LABELS;
    const text = clock.format(fromMs + share * (last + 1) * stepMs);
    return svgElement(
      'text',
      { class: 'x', x: `${Math.round(share * 1000) / 10}%`, y: '100%', dy: '17' },
      text,
    );
  });
  const line = svgElement(
    'svg',
    {
      class: 'lines',
      viewBox: `0 0 ${last} ${HEIGHT}`,
      preserveAspectRatio: 'none',
      width: '100%',
      height: '100%',
    },
    svgElement('path', {
      class: 'line',
      d: behindLine(behindMs, topMs),
      'vector-effect': 'non-scaling-stroke',
    }),
  );
  const hours = duration(behindMs.length * stepMs);
  return svgElement(
    'svg',
    {
      class: 'behind-plot',
      role: 'img',
      'aria-label': `How far behind in the last ${hours}: at most ${delay(highestMs)}`,
    },
    ...rows.flat(),
    ...columns,
    line,
  );
}
