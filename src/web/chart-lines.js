/** @import { Fields, Value } from './types.js' */

/** More would be a paragraph below the chart. */
const MAX_NAMED_MEANS = 4;
/** Between two values further apart than this many usual distances the line breaks. */
const GAP_FACTOR = 3.5;

/**
 * A device that reports every ten seconds leaves most two-second buckets empty. For the chart `undefined` is
 * "draw on", `null` is a gap: an empty stretch becomes a gap only when it is long for this line.
 *
 * @param {readonly Value[]} values
 * @returns {(Value | undefined)[]}
 */
export function bridgeShortGaps(values) {
  /** @type {number[]} */
  const filled = [];
  for (const [index, value] of values.entries()) if (value !== null) filled.push(index);
  if (filled.length < 2) return [...values];

  const distances = filled.slice(1).map((index, nth) => index - filled[nth]);
  const usual = distances.toSorted((a, b) => a - b)[distances.length >> 1];
  /** @type {(Value | undefined)[]} */
  const bridged = [...values];
  for (const [nth, distance] of distances.entries()) {
    if (distance > usual * GAP_FACTOR) continue;
    bridged.fill(undefined, filled[nth] + 1, filled[nth + 1]);
  }
  return bridged;
}

/** @param {readonly { readonly values: readonly Value[] }[]} groups */
export function hasValues(groups) {
  return groups.some((group) => group.values.some((value) => value !== null));
}

/** @param {string} name */
const isBookkeeping = (name) => /^(id|seq|sequence|count|counter|ts|time|timestamp|uptime)$/i.test(name);

/**
 * Fields that can be drawn, the most useful first: measured values before counters and ids.
 *
 * @param {Fields} fields
 */
export function drawableFields(fields) {
  return fields
    .filter(({ type }) => type === 'float' || type === 'int')
    .map(({ name, type }) => ({ name, rank: (isBookkeeping(name) ? 2 : 0) + (type === 'int' ? 1 : 0) }))
    .toSorted((a, b) => a.rank - b.rank)
    .map(({ name }) => name);
}

/**
 * The same without counters and ids.
 *
 * @param {Fields} fields
 */
export function measuredFields(fields) {
  return drawableFields(fields).filter((name) => !isBookkeeping(name));
}

/**
 * Chooses the tag with the fewest lines, but more than one; otherwise the first tag.
 *
 * @param {readonly { readonly tag: string; readonly lines: number }[]} lineCounts
 */
export function bestSplit(lineCounts) {
  const splitting = lineCounts.filter(({ lines }) => lines > 1);
  if (splitting.length === 0) return lineCounts[0]?.tag;
  return splitting.reduce((best, next) => (next.lines < best.lines ? next : best)).tag;
}

/**
 * Says of which lines a value is the mean of several series; '' when each is of one.
 *
 * @param {readonly { readonly label: string; readonly series: number | null }[]} lines
 */
export function meanWords(lines) {
  const several = lines.filter(({ series }) => series !== null && series > 1);
  if (several.length === 0) return '';
  const named = several.slice(0, MAX_NAMED_MEANS).map(({ label, series }) => `${label} of ${series}`);
  const more = several.length > named.length ? ` and ${several.length - named.length} more` : '';
  return `Means of several series: ${named.join(', ')}${more}.`;
}
