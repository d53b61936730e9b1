import type { ParkCode } from '../../dead-letter/park-codes.js';
import { decimalNumber } from '../decimal-number.js';
import type { ExactNumber } from '../json/json-value.js';

/** Why the content of a tag is refused. It is returned, never thrown. */
export class TagFailure {
  readonly code: ParkCode;
  readonly problem: string;

  constructor(code: ParkCode, problem: string) {
    this.code = code;
    this.problem = problem;
  }
}

const POSITIVE_BIGNUM = 2;
const NEGATIVE_BIGNUM = 3;
const DECIMAL_FRACTION = 4;
const BIGFLOAT = 5;

/** A double has no more bytes before its point. */
const MAX_BIGNUM_BYTES = 128;
/** With a mantissa of so many bytes, no other exponent gives a number that a double comes near. */
const MAX_EXPONENT = 2_200n;
/** 2^-1074 is the smallest double above zero, and no mantissa below 2^53 comes near one with less than 2^-1130. */
const LEAST_POWER = -1_074n;
const LEAST_EXPONENT = -1_130n;

/**
 * What the content of a tag stands for. Tags 2 to 5 are numbers (RFC 8949, 3.4.3 and 3.4.4), exactly. The times of 0 and 1
 * stay the text or number that they are, because a rule reads times, and every other tag says nothing that a rule needs.
 */
export function taggedValue(tag: number | bigint, content: unknown): unknown {
  if (tag === POSITIVE_BIGNUM) return bignum(content);
  if (tag === NEGATIVE_BIGNUM) {
    const value = bignum(content);
    return typeof value === 'bigint' ? -1n - value : value;
  }
  if (tag === DECIMAL_FRACTION || tag === BIGFLOAT) return fraction(tag, content);
  return content;
}

function bignum(content: unknown): bigint | TagFailure {
  if (!(content instanceof Uint8Array)) {
    return new TagFailure('payload-not-decodable', 'a big number (tag 2 or 3) is not made of bytes');
  }
  const first = content.findIndex((byte) => byte !== 0);
  if (first === -1) return 0n;
  if (content.length - first > MAX_BIGNUM_BYTES) {
    return new TagFailure('payload-number-out-of-range', 'a big number is too large for a 64-bit float');
  }
  return BigInt(`0x${Buffer.from(content).toString('hex', first)}`);
}

function fraction(tag: number | bigint, content: unknown): number | ExactNumber | TagFailure {
  const [exponent, mantissa] = Array.isArray(content) && content.length === 2 ? content.map(integerOf) : [];
  if (exponent === undefined || mantissa === undefined) {
    return new TagFailure('payload-not-decodable', `the number of tag ${tag} is not a list of two integers`);
  }
  if (mantissa === 0n) return 0;
  const value = tag === BIGFLOAT ? binary(mantissa, exponent) : decimal(mantissa, exponent);
  if (value !== 'large' && value !== 'small') return value;
  return new TagFailure(
    'payload-number-out-of-range',
    `the number of tag ${tag} is too ${value} for a 64-bit float`,
  );
}

function integerOf(value: unknown): bigint | undefined {
  if (typeof value === 'bigint') return value;
  return Number.isSafeInteger(value) ? BigInt(value as number) : undefined;
}

type Fraction = ReturnType<typeof decimalNumber>;

function decimal(mantissa: bigint, exponent: bigint): Fraction {
  return beyond(exponent) ?? decimalNumber(`${mantissa}e${exponent}`);
}

/** mantissa × 2^exponent, which is a double when the mantissa is one: 2^-n is 5^n / 10^n. */
function binary(mantissa: bigint, exponent: bigint): Fraction {
  const size = beyond(exponent);
  if (size !== undefined) return size;
  const nearest = Number(mantissa);
  if (Number.isSafeInteger(nearest) && (exponent >= LEAST_POWER || exponent < LEAST_EXPONENT)) {
    const value = nearest * 2 ** Number(exponent);
    if (value === 0) return 'small';
    return Number.isFinite(value) ? value : 'large';
  }
  return decimalNumber(
    exponent >= 0n ? String(mantissa << exponent) : `${mantissa * 5n ** -exponent}e${exponent}`,
  );
}

function beyond(exponent: bigint): 'large' | 'small' | undefined {
  if (exponent > MAX_EXPONENT) return 'large';
  return exponent < -MAX_EXPONENT ? 'small' : undefined;
}
