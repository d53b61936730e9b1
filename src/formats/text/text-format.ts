import { decimalNumber } from '../decimal-number.js';
import { decodeUtf8 } from '../decode-utf8.js';
import { ExactNumber, type JsonValue } from '../json/json-value.js';
import type { PayloadFormat } from '../payload-format.js';

/** Blanks around, a sign, and a decimal number without leading zeros but the one before the point. */
const PLAIN_NUMBER = /^[+-]?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;

/**
 * A payload that is one value, as ESPHome and many other devices send it: `21.5`, `ON`, `online`. Blanks around it are
 * removed. A decimal number becomes a number, `true` and `false` become booleans, all else is text. `007` stays text: it
 * may be an identity, and a rule that declares a number reads it as one.
 */
export const textFormat: PayloadFormat = {
  name: 'text',
  decode(payload, { limits }) {
    const decoded = decodeUtf8(payload, limits.maxPayloadBytes);
    if (!decoded.ok) return decoded;
    const value = scalarOf(decoded.text.trim());
    return { ok: true, value, holdsExact: value instanceof ExactNumber };
  },
};

function scalarOf(text: string): JsonValue {
  if (text === 'true') return true;
  if (text === 'false') return false;
  if (!PLAIN_NUMBER.test(text)) return text;
  const literal = text.startsWith('+') ? text.slice(1) : text;
  const number = decimalNumber(literal);
  // No double comes near it: the rule decides what becomes of such a text.
  return typeof number === 'string' ? text : number;
}
