import { bestSplit } from './chart-lines.js';

/** Each try is a query to the store. */
const MAX_TRIED_TAGS = 4;
/** While there is only one line, the card looks again this often: a second device may have appeared. */
const LOOK_AGAIN_MS = 15_000;

/** Looks for the tag that splits a measurement into a few lines, as long as nobody has chosen one. */
export class SplitSearch {
  #againAtMs = 0;

  /**
   * Resolves with the best tag; undefined: it is not time to look. `countLines` asks the store how many lines a tag makes.
   *
   * @param {readonly string[]} tags
   * @param {(tag: string) => Promise<number>} countLines
   * @returns {Promise<string | undefined>}
   */
  async look(tags, countLines) {
    if (tags.length < 2 || performance.now() < this.#againAtMs) return undefined;
    this.#againAtMs = performance.now() + LOOK_AGAIN_MS;
    /** @type {{ tag: string, lines: number }[]} */
    const counts = [];
    for (const tag of tags.slice(0, MAX_TRIED_TAGS)) counts.push({ tag, lines: await countLines(tag) });
    return bestSplit(counts);
  }
}
