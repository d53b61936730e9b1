import type { StoredValue, TopValues } from './field-summary.js';

/** So many values of a group are in its summary: the most frequent. */
export const MAX_TOP_VALUES = 32;
/** Longer texts are counted by their first characters, so that they fit into a row. */
export const MAX_TOP_CHARACTERS = 256;
/** So many different values of a group are counted where this process counts them. */
export const MAX_COUNTED_VALUES = 256;

/** Counts the values of one field of one group, for a store that gives raw values. */
export class TopCounter {
  readonly #counts = new Map<StoredValue, number>();
  #isExact = true;

  add(value: StoredValue): void {
    const key = typeof value === 'string' ? firstCharacters(value) : value;
    const count = this.#counts.get(key);
    if (count === undefined && this.#counts.size >= MAX_COUNTED_VALUES) this.#isExact = false;
    else this.#counts.set(key, (count ?? 0) + 1);
  }

  /** Only of numbers where some are: see `SummaryBuilder.summary`. */
  topValues(areNumbers: boolean): TopValues {
    const counts = [...this.#counts].filter(([value]) => !areNumbers || typeof value === 'number');
    return mostFrequent(counts, this.#isExact, !this.#isExact);
  }
}

/** The values of both. It is exact only where neither side lacks the count of a value. */
export function mergeTopValues(a: TopValues, b: TopValues): TopValues {
  const counts = new Map(a.counts);
  for (const [value, count] of b.counts) counts.set(value, (counts.get(value) ?? 0) + count);
  const isCut = a.isCut || b.isCut;
  return mostFrequent([...counts], a.isExact && b.isExact && !isCut, isCut);
}

function mostFrequent(
  counts: readonly (readonly [StoredValue, number])[],
  isExact: boolean,
  isCut: boolean,
): TopValues {
  const inOrder = counts.toSorted(([a, countA], [b, countB]) => countB - countA || compared(a, b));
  return {
    counts: new Map(inOrder.slice(0, MAX_TOP_VALUES)),
    isCut: isCut || inOrder.length > MAX_TOP_VALUES,
    isExact,
  };
}

/** The order of SQL, for values that are as frequent: numbers by size, texts by their UTF-8 bytes. */
function compared(a: StoredValue, b: StoredValue): number {
  if (typeof a === 'string' && typeof b === 'string') return Buffer.compare(Buffer.from(a), Buffer.from(b));
  if (typeof a === typeof b) return Number(a) - Number(b);
  return typeof a < typeof b ? -1 : 1;
}

function firstCharacters(text: string): string {
  if (text.length <= MAX_TOP_CHARACTERS) return text;
  const first = [...text.slice(0, 2 * MAX_TOP_CHARACTERS)].slice(0, MAX_TOP_CHARACTERS).join('');
  // A part of a text keeps all of it in memory.
  return Buffer.from(first).toString();
}
