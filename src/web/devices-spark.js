import { svgElement } from './dom.js';

/** @import { LineStyle, Value } from './types.js' */

/** A curve shows 24 hours, half an hour a step. */
export const SPARK_STEPS = 48;
const WIDTH = 120;
const HEIGHT = 20;

/** @typedef {{ least: number, greatest: number }} Scale */

/**
 * The scale of all curves of one table. With a scale of its own the noise of a steady device would look like drift.
 *
 * @param {readonly (readonly Value[] | undefined)[]} sparks
 * @returns {Scale}
 */
export function scaleOf(sparks) {
  let least = Number.POSITIVE_INFINITY;
  let greatest = Number.NEGATIVE_INFINITY;
  for (const value of sparks.flatMap((spark) => spark ?? [])) {
    if (value === null) continue;
    least = Math.min(least, value);
    greatest = Math.max(greatest, value);
  }
  return { least, greatest };
}

/**
 * The curve as an SVG path; an empty bucket is a gap, and a value between two gaps a dot.
 *
 * @param {readonly Value[]} values
 * @param {Scale} scale
 */
export function sparkPath(values, { least, greatest }) {
  const span = greatest - least;
  let path = '';
  let isDrawing = false;
  for (const [at, value] of values.entries()) {
    if (value === null) {
      isDrawing = false;
      continue;
    }
    const x = (at / Math.max(1, values.length - 1)) * WIDTH;
    const y = span > 0 ? (1 - (value - least) / span) * HEIGHT : HEIGHT / 2;
    const isAlone = !isDrawing && (values[at + 1] ?? null) === null;
    path += `${isDrawing ? 'L' : 'M'}${rounded(x)} ${rounded(y)}${isAlone ? 'h1' : ''}`;
    isDrawing = true;
  }
  return path;
}

/** The values of a device over 24 hours as a small curve, in the colour of its line in the chart. */
export class DeviceSpark {
  #line = svgElement('path', { class: 'device-line', 'vector-effect': 'non-scaling-stroke' });
  node = svgElement(
    'svg',
    {
      class: 'device-spark',
      viewBox: `0 -2 ${WIDTH} ${HEIGHT + 4}`,
      preserveAspectRatio: 'none',
      'aria-hidden': 'true',
    },
    this.#line,
  );

  /**
   * Without a style it has the colour of the page: its line has none yet.
   *
   * @param {readonly Value[]} values
   * @param {Scale} scale
   * @param {LineStyle} [style]
   */
  show(values, scale, style) {
    this.#line.setAttribute('d', sparkPath(values, scale));
    this.node.setAttribute(
      'class',
      style === undefined ? 'device-spark' : `device-spark line-${style.colour}`,
    );
  }
}

/** @param {number} number */
function rounded(number) {
  return Math.round(number * 10) / 10;
}
