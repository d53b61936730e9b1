const DECIMAL = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/;
/** More digits than any int64 with nine decimals behind it. */
const MAX_DIGITS = 40;

/** Whether the text is a decimal number: optional `-`, digits, optional fraction and exponent; no blanks, `+`, hex. */
export function isDecimal(text: string): boolean {
  return DECIMAL.test(text);
}

/**
 * The exact value of decimal text × 10^scale, by moving the point in the text: no double is involved.
 * 'fraction': something other than zero would remain behind the point.
 */
export function scaledInteger(
  text: string,
  scale: number,
): bigint | 'not-decimal' | 'fraction' | 'too-large' {
  const parts = DECIMAL.exec(text);
  if (parts === null) return 'not-decimal';
  const [, sign, whole = '', fraction = '', exponent = '0'] = parts;
  const digits = (whole + fraction).replace(/^0+/, '');
  if (digits === '') return 0n;
  const shift = Number(exponent) - fraction.length + scale;
  if (shift >= 0) {
    if (digits.length + shift > MAX_DIGITS) return 'too-large';
    return signed(sign, digits + '0'.repeat(shift));
  }
  const kept = digits.slice(0, shift);
  if (kept === '' || /[1-9]/.test(digits.slice(shift))) return 'fraction';
  return kept.length > MAX_DIGITS ? 'too-large' : signed(sign, kept);
}

function signed(sign: string | undefined, digits: string): bigint {
  return sign === '-' ? -BigInt(digits) : BigInt(digits);
}

export const INT64_MIN = -(2n ** 63n);
export const INT64_MAX = 2n ** 63n - 1n;

export function fitsInt64(value: bigint): boolean {
  return value >= INT64_MIN && value <= INT64_MAX;
}
