import type { StoredValue, TopValues } from '../sink/field-summary.js';

/** The values as a text for a hidden field of a row. */
export function topValuesText({ counts, isCut }: TopValues): string {
  return JSON.stringify({ values: [...counts], isCut });
}

/** Undefined for a text that `topValuesText` did not write. */
export function parseTopValues(text: string): TopValues | undefined {
  let read: { readonly values?: unknown; readonly isCut?: unknown } | null;
  try {
    read = JSON.parse(text) as typeof read;
  } catch {
    return undefined;
  }
  const { values, isCut } = read ?? {};
  if (!Array.isArray(values) || !values.every(isCounted)) return undefined;
  return { counts: new Map(values), isCut: isCut === true, isExact: true };
}

function isCounted(pair: unknown): pair is [StoredValue, number] {
  if (!Array.isArray(pair)) return false;
  const [value, count] = pair as readonly unknown[];
  return ['string', 'number', 'boolean'].includes(typeof value) && Number.isInteger(count);
}
