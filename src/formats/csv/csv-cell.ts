import type { JsonValue } from '../json/json-value.js';
import { plainValue } from '../plain-value.js';

/** A number with a decimal comma, and perhaps points between thousands. */
const COMMA_NUMBER = /^([+-]?)(\d+|\d{1,3}(?:\.\d{3})+)(?:,(\d+))?((?:[eE][+-]?\d+)?)$/;

/**
 * The value of a cell without blanks around it: null when it is empty. With a decimal comma `7,5` and `1.234,5` are numbers and `7.5` is a text, because
 * what its writer meant is not known.
 */
export function csvCell(text: string, decimalComma: boolean): JsonValue {
  if (text === '') return null;
  if (!decimalComma) return plainValue(text);
  const [, sign, whole, fraction, exponent] = COMMA_NUMBER.exec(text) ?? [];
  if (whole !== undefined) {
    const digits = whole.replaceAll('.', '');
    const value = plainValue(`${sign}${digits}${fraction === undefined ? '' : `.${fraction}`}${exponent}`);
    // Leading zeros: perhaps an identity.
    return typeof value === 'string' ? text : value;
  }
  return text === 'true' || text === 'false' ? text === 'true' : text;
}
