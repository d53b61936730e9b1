import { decimalNumber } from './decimal-number.js';
import type { JsonValue } from './json/json-value.js';

/** A sign, and a decimal number without leading zeros but the one before the point. */
const PLAIN_NUMBER = /^[+-]?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;

/**
 * The value that a text plainly is: a decimal number, `true` or `false`, else the text itself. `007` stays text: it may be an
 * identity, and a rule that declares a number reads it as one.
 */
export function plainValue(text: string): JsonValue {
  if (text === 'true') return true;
  if (text === 'false') return false;
  if (!PLAIN_NUMBER.test(text)) return text;
  const number = decimalNumber(text.startsWith('+') ? text.slice(1) : text);
  // No double comes near it: the rule decides what becomes of such a text.
  return typeof number === 'string' ? text : number;
}
