/** @import { LineStyle } from './types.js' */

const COLOURS = 8;
/** As canvas dashes; the first eight lines are solid, the next eight take the next pattern. */
export const DASHES = [[], [7, 4], [2, 3], [10, 3, 2, 3]];

const KEPT_AS = 'sluice.line-numbers';
/** More tags than this are not remembered; the one that was used longest ago is forgotten. */
const MAX_TAGS = 32;
/** More than a page of the table of devices. */
const MAX_NAMES = 256;
/** Browsers give about five million; names of devices can be long. */
const MAX_KEPT_CHARACTERS = 200_000;

/**
 * Measurement and tag, as JSON → name → number of its line. What was used last is at the end.
 *
 * @type {Map<string, Map<string, number>>}
 */
const numbers = kept();

/**
 * The look of a line. A name gets the lowest free number when it is first seen and keeps it, also over reloads, so it
 * has the same colour in every chart and table. `tag` is '' where the lines are not split.
 *
 * @param {string} measurement
 * @param {string} tag
 * @param {string} name
 * @returns {LineStyle}
 */
export function styleOf(measurement, tag, name) {
  return lineStyle(stylesFor(measurement, tag, [name])[0]);
}

/**
 * The look of a line that has one already. A list that knows only some names of a tag must not number them: the others come
 * before them in the order of names.
 *
 * @param {string} measurement
 * @param {string} tag
 * @param {string} name
 * @returns {LineStyle | undefined}
 */
export function knownStyleOf(measurement, tag, name) {
  const number = numbers.get(JSON.stringify([measurement, tag]))?.get(name);
  return number === undefined ? undefined : lineStyle(number);
}

/**
 * The looks of several lines by name. Those that are new get their numbers in the order of their names, so the order of
 * an answer does not matter.
 *
 * @param {string} measurement
 * @param {string} tag
 * @param {readonly string[]} names
 * @returns {Map<string, LineStyle>}
 */
export function stylesOf(measurement, tag, names) {
  const sorted = [...new Set(names)].sort((a, b) => a.localeCompare(b, 'en', { numeric: true }));
  const found = stylesFor(measurement, tag, sorted);
  return new Map(sorted.map((name, nth) => [name, lineStyle(found[nth])]));
}

/**
 * Colour (1 to 8) and dash pattern (0 to 3) of the nth line.
 *
 * @param {number} nth
 * @returns {LineStyle}
 */
export function lineStyle(nth) {
  return { colour: (nth % COLOURS) + 1, dash: Math.floor(nth / COLOURS) % DASHES.length };
}

/** @param {string} measurement @param {string} tag @param {readonly string[]} names @returns {number[]} */
function stylesFor(measurement, tag, names) {
  const key = JSON.stringify([measurement, tag]);
  const known = numbers.get(key) ?? new Map();
  const isNewTag = !numbers.has(key);
  moveToEnd(numbers, key, known);
  let hasNew = isNewTag;
  const found = names.map((name) => {
    const isNew = !known.has(name);
    if (isNew) dropFirstAbove(known, MAX_NAMES - 1);
    const number = known.get(name) ?? lowestFree(known);
    moveToEnd(known, name, number);
    hasNew ||= isNew;
    return number;
  });
  dropFirstAbove(numbers, MAX_TAGS);
  if (hasNew) keep();
  return found;
}

/** @param {ReadonlyMap<string, number>} known */
function lowestFree(known) {
  const taken = new Set(known.values());
  let number = 0;
  while (taken.has(number)) number += 1;
  return number;
}

/**
 * @template T
 * @param {Map<string, T>} map
 * @param {string} key
 * @param {T} value
 */
function moveToEnd(map, key, value) {
  map.delete(key);
  map.set(key, value);
}

/** @param {Map<string, unknown>} map @param {number} max */
function dropFirstAbove(map, max) {
  const [first] = map.keys();
  if (map.size > max && first !== undefined) map.delete(first);
}

/** @returns {Map<string, Map<string, number>>} */
function kept() {
  try {
    /** @type {unknown} */
    const saved = JSON.parse(localStorage.getItem(KEPT_AS) ?? '[]');
    return new Map(pairsIn(saved).map(([key, names]) => [key, new Map(pairsIn(names).filter(isNumbered))]));
  } catch {
    // Storage is refused, or somebody else wrote there: names get new numbers.
    return new Map();
  }
}

/** @param {unknown} saved @returns {[string, unknown][]} */
function pairsIn(saved) {
  return Array.isArray(saved)
    ? saved.filter((pair) => Array.isArray(pair) && typeof pair[0] === 'string')
    : [];
}

/**
 * @param {[string, unknown]} pair
 * @returns {pair is [string, number]}
 */
function isNumbered(pair) {
  const [, number] = pair;
  return typeof number === 'number' && Number.isInteger(number) && number >= 0 && number < MAX_NAMES;
}

function keep() {
  const entries = [...numbers].map(([key, names]) => [key, [...names]]);
  let text = JSON.stringify(entries);
  while (text.length > MAX_KEPT_CHARACTERS && entries.length > 0) {
    entries.shift();
    text = JSON.stringify(entries);
  }
  try {
    localStorage.setItem(KEPT_AS, text);
  } catch {
    // Storage is refused or full: the numbers last as long as the page.
  }
}
