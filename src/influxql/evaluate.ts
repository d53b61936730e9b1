import { isMath, type MathName } from './functions.js';
import { InfluxqlError } from './influxql-error.js';
import { keyOf } from './plan-select.js';
import type { Expression, Operator } from './statement.js';
import type { Value } from './value.js';

/** Computes a column of one row from the values of its calls and references. */
export type Evaluate = (slots: readonly (Value | null)[]) => Value | null;

/** @param slotOf the place of a call or reference, by `keyOf` */
export function compileExpression(expression: Expression, slotOf: ReadonlyMap<string, number>): Evaluate {
  const slot = slotOf.get(keyOf(expression));
  if (slot !== undefined) return (slots) => slots[slot] ?? null;
  switch (expression.kind) {
    case 'string':
    case 'integer':
    case 'number':
    case 'boolean': {
      const { value } = expression;
      return () => value;
    }
    case 'call': {
      const { name } = expression;
      if (!isMath(name)) break;
      const args = expression.args.map((arg) => compileExpression(arg, slotOf));
      return (slots) =>
        math(
          name,
          args.map((arg) => arg(slots)),
        );
    }
    case 'binary': {
      const { operator } = expression;
      const left = compileExpression(expression.left, slotOf);
      const right = compileExpression(expression.right, slotOf);
      return (slots) => arithmetic(operator, left(slots), right(slots));
    }
    default:
      break;
  }
  throw new InfluxqlError(`a ${expression.kind} in the place of a field is not supported`);
}

/** Arithmetic of InfluxDB 1: integers stay integers but for a division, and a division by 0 is 0. */
function arithmetic(operator: Operator, left: Value | null, right: Value | null): Value | null {
  if (typeof left === 'bigint' && typeof right === 'bigint') return ofIntegers(operator, left, right);
  const [a, b] = [numberOf(left), numberOf(right)];
  if (a === undefined || b === undefined) return null;
  return ofNumbers(operator, a, b);
}

function ofNumbers(operator: Operator, a: number, b: number): number {
  switch (operator) {
    case '+':
      return a + b;
    case '-':
      return a - b;
    case '*':
      return a * b;
    case '/':
      return b === 0 ? 0 : a / b;
    case '%':
      return a % b;
    default:
      throw unsupported(operator);
  }
}

function ofIntegers(operator: Operator, a: bigint, b: bigint): Value {
  switch (operator) {
    case '+':
      return BigInt.asIntN(64, a + b);
    case '-':
      return BigInt.asIntN(64, a - b);
    case '*':
      return BigInt.asIntN(64, a * b);
    case '/':
      return b === 0n ? 0 : Number(a) / Number(b);
    case '%':
      return b === 0n ? 0n : a % b;
    case '&':
      return BigInt.asIntN(64, a & b);
    case '|':
      return BigInt.asIntN(64, a | b);
    case '^':
      return BigInt.asIntN(64, a ^ b);
    default:
      throw unsupported(operator);
  }
}

function unsupported(operator: Operator): InfluxqlError {
  return new InfluxqlError(`the operator ${operator} between fields is not supported in SELECT`);
}

function numberOf(value: Value | null): number | undefined {
  if (typeof value === 'number') return value;
  return typeof value === 'bigint' ? Number(value) : undefined;
}

const OF_ONE: Readonly<Record<Exclude<MathName, 'atan2' | 'log' | 'pow'>, (x: number) => number>> = {
  abs: Math.abs,
  sin: Math.sin,
  cos: Math.cos,
  tan: Math.tan,
  asin: Math.asin,
  acos: Math.acos,
  atan: Math.atan,
  exp: Math.exp,
  ln: Math.log,
  log2: Math.log2,
  log10: Math.log10,
  sqrt: Math.sqrt,
  floor: Math.floor,
  ceil: Math.ceil,
  // Away from zero, where Math.round goes up.
  round: (x) => Math.sign(x) * Math.floor(Math.abs(x) + 0.5),
};
/** InfluxDB 1 returns an integer as it is, also a negative one from abs(). */
const KEEPS_INTEGERS: ReadonlySet<MathName> = new Set(['abs', 'floor', 'ceil', 'round']);

function math(name: MathName, args: readonly (Value | null)[]): Value | null {
  const [first = null, second = null] = args;
  if (typeof first === 'bigint' && KEEPS_INTEGERS.has(name)) return first;
  const [a, b] = [numberOf(first), numberOf(second)];
  if (a === undefined) return null;
  if (name !== 'atan2' && name !== 'log' && name !== 'pow') return OF_ONE[name](a);
  if (b === undefined) return null;
  if (name === 'log') return Math.log(a) / Math.log(b);
  return name === 'pow' ? a ** b : Math.atan2(a, b);
}
