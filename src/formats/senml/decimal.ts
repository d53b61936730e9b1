import { ExactNumber } from '../json/json-value.js';

/** mantissa × 10^exponent. */
export interface Decimal {
  readonly mantissa: bigint;
  readonly exponent: number;
}

export const ZERO: Decimal = { mantissa: 0n, exponent: 0 };

/** RFC 8428 (section 5) asks for fewer than 19 + 5. A longer literal counts as its nearest double: adding it would cost too much. */
const MAX_LITERAL_LENGTH = 64;
const LITERAL = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/;
const NS_EXPONENT = -9;

/** A number as the decimal that was written. */
export function decimalOf(value: number | ExactNumber): Decimal {
  const isExact = value instanceof ExactNumber;
  const text =
    isExact && value.text.length <= MAX_LITERAL_LENGTH
      ? value.text
      : String(isExact ? value.toNumber() : value);
  // Every number of a decoder has this form.
  const [, sign = '', whole = '0', fraction = '', exponent = '0'] = LITERAL.exec(text) ?? [];
  return { mantissa: BigInt(`${sign}${whole}${fraction}`), exponent: Number(exponent) - fraction.length };
}

export function sumOf(one: Decimal, other: Decimal): Decimal {
  if (one.mantissa === 0n) return other;
  if (other.mantissa === 0n) return one;
  const exponent = Math.min(one.exponent, other.exponent);
  return { mantissa: scaled(one, exponent) + scaled(other, exponent), exponent };
}

export function literalOf({ mantissa, exponent }: Decimal): string {
  return exponent === 0 ? String(mantissa) : `${mantissa}e${exponent}`;
}

/** Seconds as nanoseconds; what is finer is cut. Undefined when they do not fit into 64 bits. */
export function nsOf(seconds: Decimal): bigint | undefined {
  const { mantissa, exponent } = seconds;
  // More than 2^63 ns, whatever the mantissa.
  if (mantissa !== 0n && exponent > 10) return undefined;
  const ns =
    exponent >= NS_EXPONENT ? scaled(seconds, NS_EXPONENT) : mantissa / 10n ** BigInt(NS_EXPONENT - exponent);
  return BigInt.asIntN(64, ns) === ns ? ns : undefined;
}

function scaled({ mantissa, exponent }: Decimal, to: number): bigint {
  return mantissa * 10n ** BigInt(exponent - to);
}
