/** @import { ParkedView } from './types.js' */

/**
 * The range that would have taken all of these messages, and the values that were outside. Computed from what the
 * reasons say, so it is undefined as soon as one of them says something else.
 *
 * @param {readonly Pick<ParkedView, 'reason'>[]} letters
 * @returns {{ before: string, after: string, low: number, high: number } | undefined}
 */
export function rangeSuggestion(letters) {
  const found = letters.map(({ reason }) => outside(reason));
  const [first] = found;
  if (first === undefined) return undefined;
  /** @type {number[]} */
  const values = [];
  for (const one of found) {
    if (one?.field !== first.field || one.from !== first.from || one.to !== first.to) return undefined;
    values.push(one.value);
  }
  const low = Math.min(...values);
  const high = Math.max(...values);
  const { from, to } = first;
  return {
    before: `range: [${from}, ${to}]`,
    after: `range: [${Math.min(from, low)}, ${Math.max(to, high)}]`,
    low,
    high,
  };
}

/** @param {string} reason */
function outside(reason) {
  const [, field, value, from, to] =
    /^the field ("(?:[^"\\]|\\.)*") is the number (\S+), outside the range (\S+) to (\S+)$/.exec(reason) ??
    [];
  if (field === undefined) return undefined;
  const numbers = { value: Number(value), from: Number(from), to: Number(to) };
  return Object.values(numbers).every(Number.isFinite) ? { field, ...numbers } : undefined;
}
