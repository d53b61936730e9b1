import { fitsInt64 } from '../scaled-integer.js';
import { CelFailure } from './cel-failure.js';
import type { CelRun } from './cel-run.js';
import { type CelType, type CelValue, celOf, isDuration, kindInWords, library } from './cel-value.js';

export type Operator = '+' | '-' | '*' | '/' | '%';

/** The operand types of each operator, and what it gives. CEL has no rows with int and double: ours calculate in doubles. */
const OVERLOADS: readonly (readonly [operators: string, left: CelType, right: CelType, result: CelType])[] = [
  ['+-*/%', 'int', 'int', 'int'],
  ['+-*/%', 'int', 'double', 'double'],
  ['+-*/%', 'double', 'int', 'double'],
  ['+-*/%', 'double', 'double', 'double'],
  ['+', 'string', 'string', 'string'],
  ['+', 'list', 'list', 'list'],
  ['+', 'bytes', 'bytes', 'bytes'],
  ['+', 'timestamp', 'duration', 'timestamp'],
  ['+', 'duration', 'timestamp', 'timestamp'],
  ['+-', 'duration', 'duration', 'duration'],
  ['-', 'timestamp', 'timestamp', 'duration'],
  ['-', 'timestamp', 'duration', 'timestamp'],
];

/** The static type of `left operator right`; undefined when no values of these types can be calculated. */
export function resultType(operator: Operator, left: CelType, right: CelType): CelType | undefined {
  const results = OVERLOADS.filter(
    ([operators, one, other]) =>
      operators.includes(operator) &&
      (left === 'dyn' || left === one) &&
      (right === 'dyn' || right === other),
  ).map(([, , , result]) => result);
  const [first] = results;
  return results.every((result) => result === first) ? first : 'dyn';
}

/** Two ints give an int, and fail beyond 64 bits; an int beside a double counts as a double. */
export function calculate(
  operator: Operator,
  left: CelValue,
  right: CelValue,
  run: CelRun,
): CelValue | CelFailure {
  if (typeof left === 'number') {
    if (typeof right === 'number') return ofDoubles(operator, left, right);
    if (typeof right === 'bigint') return ofDoubles(operator, left, Number(right));
  }
  if (typeof left === 'bigint') {
    if (typeof right === 'bigint') return ofInts(operator, left, right);
    if (typeof right === 'number') return ofDoubles(operator, Number(left), right);
  }
  if (operator === '+') {
    if (typeof left === 'string' && typeof right === 'string') {
      return run.chargeText(left.length + right.length) ?? left + right;
    }
    if (Array.isArray(left) && Array.isArray(right)) {
      return run.charge(left.length + right.length) ?? [...(left as CelValue[]), ...(right as CelValue[])];
    }
  }
  if (left instanceof Uint8Array && right instanceof Uint8Array) {
    const over = run.chargeText(left.length + right.length);
    if (over !== undefined) return over;
  }
  if (isLibraryKind(left) && isLibraryKind(right)) return ofLibrary(operator, left, right);
  return new CelFailure('failed', mismatch(operator, kindInWords(left), kindInWords(right)));
}

export function negate(value: CelValue): CelValue | CelFailure {
  if (typeof value === 'number') return -value;
  if (typeof value !== 'bigint') return new CelFailure('failed', `cannot negate ${kindInWords(value)}`);
  return fitsInt64(-value) ? -value : OVERFLOW;
}

const OVERFLOW = new CelFailure('failed', 'the result is beyond a 64-bit int');
const DIVIDED_BY_ZERO = new CelFailure('failed', 'an int is divided by zero');

function ofDoubles(operator: Operator, left: number, right: number): number {
  switch (operator) {
    case '+':
      return left + right;
    case '-':
      return left - right;
    case '*':
      return left * right;
    case '/':
      return left / right;
    case '%':
      return left % right;
  }
}

function ofInts(operator: Operator, left: bigint, right: bigint): bigint | CelFailure {
  if ((operator === '/' || operator === '%') && right === 0n) return DIVIDED_BY_ZERO;
  const result = exactly(operator, left, right);
  return fitsInt64(result) ? result : OVERFLOW;
}

function exactly(operator: Operator, left: bigint, right: bigint): bigint {
  switch (operator) {
    case '+':
      return left + right;
    case '-':
      return left - right;
    case '*':
      return left * right;
    case '/':
      return left / right;
    case '%':
      return left % right;
  }
}

function isLibraryKind(value: CelValue): boolean {
  return value instanceof Date || value instanceof Uint8Array || isDuration(value);
}

const libraryOperators = library.clone().registerVariable('a', 'dyn').registerVariable('b', 'dyn');
const sum = libraryOperators.parse('a + b');
const difference = libraryOperators.parse('a - b');

function ofLibrary(operator: Operator, left: CelValue, right: CelValue): CelValue | CelFailure {
  const apply = operator === '+' ? sum : operator === '-' ? difference : undefined;
  const cause = mismatch(operator, kindInWords(left), kindInWords(right));
  if (apply === undefined) return new CelFailure('failed', cause);
  try {
    const result: unknown = apply({ a: left, b: right });
    // A time that no Date holds is an invalid Date.
    return result instanceof Date && Number.isNaN(result.getTime())
      ? OUT_OF_RANGE
      : celOf(result as CelValue);
  } catch {
    return new CelFailure('failed', cause);
  }
}

const OUT_OF_RANGE = new CelFailure('failed', 'the result is a time out of range');

/** Why there is no such calculation, for a person. */
export function mismatch(operator: Operator, left: string, right: string): string {
  switch (operator) {
    case '+':
      return `cannot add ${right} to ${left}`;
    case '-':
      return `cannot subtract ${right} from ${left}`;
    case '*':
      return `cannot multiply ${left} by ${right}`;
    case '/':
      return `cannot divide ${left} by ${right}`;
    case '%':
      return `cannot take the remainder of ${left} by ${right}`;
  }
}
