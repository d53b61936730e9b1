/** @import { ShownLine } from './types.js' */

/** Bands cover each other when they do in more than this share of the buckets. */
const COVERED_SHARE = 0.05;

/**
 * Whether the bands from lowest to highest would hide one another.
 *
 * @param {readonly ShownLine[]} lines
 */
export function doBandsCover(lines) {
  const shown = lines.filter(({ isShown }) => isShown);
  if (shown.length < 2) return false;
  let common = 0;
  let covered = 0;
  for (const nth of shown[0].lows.keys()) {
    const bands = shown
      .flatMap(({ lows, highs }) => {
        const [low, high] = [lows[nth], highs[nth]];
        return low === null || high === null ? [] : [{ low, high }];
      })
      .sort((a, b) => a.low - b.low);
    if (bands.length < 2) continue;
    common += 1;
    if (bands.some(({ low }, at) => at > 0 && low < bands[at - 1].high)) covered += 1;
  }
  return covered > common * COVERED_SHARE;
}

/**
 * The name of the line that has its band and full weight; undefined: all have.
 *
 * @param {readonly ShownLine[]} lines
 * @param {string | undefined} pointed
 * @param {readonly string[]} looks the names that need a look
 * @returns {string | undefined}
 */
export function focusOf(lines, pointed, looks) {
  const shown = lines.filter(({ isShown }) => isShown);
  if (shown.length < 2) return undefined;
  const isShown = /** @param {string} one */ (one) => shown.some(({ name }) => name === one);
  if (pointed !== undefined && isShown(pointed)) return pointed;
  if (!doBandsCover(lines)) return undefined;
  const look = looks.find(isShown);
  if (look !== undefined) return look;
  return shown.reduce((best, next) => (top(next) > top(best) ? next : best)).name;
}

/** @param {ShownLine} line */
function top({ statistics }) {
  return statistics.max ?? Number.NEGATIVE_INFINITY;
}
