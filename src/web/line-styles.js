/** @import { LineStyle } from './types.js' */

const COLOURS = 8;
/** As canvas dashes; the first eight lines are solid, the next eight take the next pattern. */
export const DASHES = [[], [7, 4], [2, 3], [10, 3, 2, 3]];

/**
 * Colour (1 to 8) and dash pattern (0 to 3) of the nth line.
 *
 * @param {number} nth
 * @returns {LineStyle}
 */
export function lineStyle(nth) {
  return { colour: (nth % COLOURS) + 1, dash: Math.floor(nth / COLOURS) % DASHES.length };
}

/** A line keeps its look when others come and go; a new one takes the first look that is free. */
export class LineStyles {
  /** @type {Map<string, number>} */
  #places = new Map();

  /**
   * Name → style, for the lines that are drawn now.
   *
   * @param {readonly string[]} names
   */
  assign(names) {
    const present = new Set(names);
    for (const name of this.#places.keys()) if (!present.has(name)) this.#places.delete(name);
    const taken = new Set(this.#places.values());
    let next = 0;
    for (const name of names) {
      if (this.#places.has(name)) continue;
      while (taken.has(next)) next += 1;
      taken.add(next);
      this.#places.set(name, next);
    }
    return new Map([...this.#places].map(([name, nth]) => [name, lineStyle(nth)]));
  }
}
