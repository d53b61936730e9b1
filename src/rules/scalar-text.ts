import { ExactNumber, type JsonValue } from '../formats/json/json-value.js';

/** The text of one value, as a tag or a key of a table has it; undefined for a list, an object and null. */
export function scalarText(value: JsonValue): string | undefined {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  return value instanceof ExactNumber ? value.text : undefined;
}
