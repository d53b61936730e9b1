import { plainNumber } from '../rules/value-words.js';

/** How a device writes a number as text. */
export interface NumberNotation {
  readonly number: number;
  /** Text behind the number. */
  readonly suffix?: string;
  readonly hasDecimalComma: boolean;
  /** `7.5`: a point that cannot separate thousands. */
  readonly hasDecimalPoint: boolean;
}

const WITH_SUFFIX = /^([+-]?\d[\d.,]*)\s*([^\d\s.,+-]\D{0,7})$/;
const DECIMAL_COMMA = /^[+-]?(?:\d+|\d{1,3}(?:\.\d{3})+),\d*$/;
/** An identity that happens to consist of digits: as a number it would lose its zeros. */
const LEADING_ZERO = /^[+-]?0\d/;

/** Reads a text as a number; undefined for what is none, and for digits that begin with a zero. */
export function readNumberText(text: string): NumberNotation | undefined {
  const trimmed = text.trim();
  const [, behind, suffix] = WITH_SUFFIX.exec(trimmed) ?? [];
  const digits = (behind ?? trimmed).trim();
  if (LEADING_ZERO.test(digits)) return undefined;
  const hasDecimalComma = DECIMAL_COMMA.test(digits);
  const plain = plainNumber(hasDecimalComma ? digits.replaceAll('.', '').replace(',', '.') : digits);
  if (plain === undefined || !Number.isFinite(Number(plain))) return undefined;
  return {
    number: Number(plain),
    ...(suffix !== undefined && { suffix: suffix.trimEnd() }),
    hasDecimalComma,
    hasDecimalPoint: !hasDecimalComma && digits.includes('.'),
  };
}

/** Words that devices write in the place of a number. */
const NO_VALUE_WORDS = new Set([
  '',
  'nan',
  '-nan',
  'none',
  'null',
  'nil',
  'unavailable',
  'unknown',
  'n/a',
  'na',
  '-',
  '--',
  '---',
  'inf',
  '-inf',
  'undefined',
  'error',
  'err',
  'fail',
  'failed',
  'invalid',
  'missing',
  'no value',
  'not available',
]);

export function isNoValueWord(word: string): boolean {
  return NO_VALUE_WORDS.has(word.trim().toLowerCase());
}
