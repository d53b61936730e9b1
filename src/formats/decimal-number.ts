import { ExactNumber } from './json/json-value.js';

/** A double holds every decimal of so many digits; one more and two literals may share a double. */
const MAX_EXACT_DIGITS = 15;

/**
 * The number of a decimal literal such as `-12.5e3`: a double where that loses no digit, else an ExactNumber. `large` and
 * `small` say that no double comes near it.
 */
export function decimalNumber(literal: string): number | ExactNumber | 'large' | 'small' {
  const value = Number(literal);
  if (!Number.isFinite(value)) return 'large';
  const mantissa = literal.replace(/e.*$/i, '');
  if (value === 0) return /[1-9]/.test(mantissa) ? 'small' : 0;
  const digits = mantissa.replace(/\D/g, '').replace(/^0+/, '').length;
  if (digits <= MAX_EXACT_DIGITS && Math.abs(value) <= Number.MAX_SAFE_INTEGER) return value;
  return new ExactNumber(literal, value);
}
