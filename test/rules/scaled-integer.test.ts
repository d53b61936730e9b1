import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isDecimal, scaledInteger } from '../../src/rules/scaled-integer.js';

test.each([
  ['1732155786.123', 9, 1_732_155_786_123_000_000n, 'what a double would miss by 20 ns and more'],
  ['1732155786123456789', 0, 1_732_155_786_123_456_789n, 'beyond 2^53'],
  ['-1.5', 1, -15n, 'negative'],
  ['007', 0, 7n, 'leading zeros'],
  ['0.000', 9, 0n, 'zero'],
  ['-0', 0, 0n, 'minus zero'],
  ['1.000', 0, 1n, 'zeros behind the point are no fraction'],
  ['1e3', 0, 1_000n, 'exponent'],
  ['1.5E+3', 0, 1_500n, 'fraction and exponent'],
  ['1500e-2', 0, 15n, 'negative exponent'],
  ['1e-9', 9, 1n, 'the smallest'],
  ['1.5', 0, 'fraction', 'half'],
  ['1e-10', 9, 'fraction', 'below one'],
  ['0.1234567891', 9, 'fraction', 'ten decimals'],
  ['1e400', 0, 'too-large', 'must not build 400 digits'],
  ['1e999999999999', 0, 'too-large', 'must not build them'],
  ['0e999999999999', 0, 0n, 'zero stays zero'],
  ['1e-999999999999', 0, 'fraction', 'tiny'],
  ['9'.repeat(60_000), 0, 'too-large', 'must not build a BigInt of 60,000 digits'],
  ['', 0, 'not-decimal', 'Number gives 0'],
  [' 12', 0, 'not-decimal', 'Number gives 12'],
  ['12 ', 0, 'not-decimal', 'Number gives 12'],
  ['+1', 0, 'not-decimal', 'plus'],
  ['0x1f', 0, 'not-decimal', 'Number gives 31'],
  ['1,5', 0, 'not-decimal', 'comma'],
  ['12abc', 0, 'not-decimal', 'parseInt gives 12'],
  ['.5', 0, 'not-decimal', 'no digit before the point'],
  ['5.', 0, 'not-decimal', 'no digit behind it'],
  ['1\n', 0, 'not-decimal', '$ must not match before a line feed'],
  ['Infinity', 0, 'not-decimal', 'Number gives Infinity'],
  ['१', 0, 'not-decimal', 'digits of other scripts'],
] as const)('%j scaled by 10^%i', (text, scale, expected, _why) => {
  expect(scaledInteger(text, scale)).toBe(expected);
  expect(isDecimal(text)).toBe(expected !== 'not-decimal');
});

test('every integer written as a decimal with an exponent comes back exactly', () => {
  fc.assert(
    fc.property(fc.bigInt(-(2n ** 63n), 2n ** 63n), fc.integer({ min: 0, max: 18 }), (integer, places) => {
      const digits = (integer < 0n ? -integer : integer).toString().padStart(places + 1, '0');
      const cut = digits.length - places;
      const sign = integer < 0n ? '-' : '';
      const fraction = places === 0 ? '' : `.${digits.slice(cut)}`;
      expect(scaledInteger(`${sign}${digits.slice(0, cut)}${fraction}`, places)).toBe(integer);
      expect(scaledInteger(`${sign}${digits.slice(0, cut)}${fraction}e${places}`, 0)).toBe(integer);
    }),
  );
});
