import type { TimeZone } from '../lib/time-zone.js';
import type { Binary, Expression, Literal, Operator } from './statement.js';
import { looksLikeTime, timeOfText } from './time-text.js';

/** What `now()` and a time without a zone stand for in one statement. */
export interface StatementTime {
  readonly nowNs: bigint;
  readonly zone: TimeZone | undefined;
}

/** Computes what is constant in an expression: sums of times, comparisons of numbers, what AND and OR decide. */
export function foldConstants(expression: Expression, time: StatementTime): Expression {
  switch (expression.kind) {
    case 'binary':
      return foldBinary(expression, time);
    case 'call':
      if (expression.name === 'now' && expression.args.length === 0) return { kind: 'time', ns: time.nowNs };
      return { ...expression, args: expression.args.map((arg) => foldConstants(arg, time)) };
    default:
      return expression;
  }
}

function foldBinary({ operator, left: before, right: after }: Binary, time: StatementTime): Expression {
  const left = foldConstants(before, time);
  const right = foldConstants(after, time);
  if (operator === 'AND' || operator === 'OR') return foldLogic(operator, left, right);
  return foldLiterals(operator, left, right, time) ?? { kind: 'binary', operator, left, right };
}

/** Joins two conditions; what a constant decides is omitted. */
export function foldLogic(operator: 'AND' | 'OR', left: Expression, right: Expression): Expression {
  const decisive = operator === 'OR';
  for (const [one, other] of [
    [left, right],
    [right, left],
  ] as const) {
    if (one.kind === 'boolean') return one.value === decisive ? one : other;
  }
  return { kind: 'binary', operator, left, right };
}

/** Returns undefined for two sides of which one is no literal, or that the operator does not take. */
function foldLiterals(
  operator: Operator,
  left: Expression,
  right: Expression,
  time: StatementTime,
): Literal | undefined {
  if (left.kind === 'string' && right.kind === 'string') {
    if (operator === '=') return truth(left.value === right.value);
    if (operator === '!=') return truth(left.value !== right.value);
    return undefined;
  }
  if (left.kind === 'boolean' && right.kind === 'boolean') {
    if (operator === '=') return truth(left.value === right.value);
    if (operator === '!=') return truth(left.value !== right.value);
    return undefined;
  }
  return (
    foldTimes(operator, asTime(left, right, time), asTime(right, left, time)) ??
    foldNumbers(operator, left, right)
  );
}

/** A text beside a duration or a time is a time. */
function asTime(one: Expression, other: Expression, { zone }: StatementTime): Expression {
  const isBesideTime = other.kind === 'duration' || other.kind === 'time';
  if (one.kind !== 'string' || !isBesideTime || !looksLikeTime(one.value)) return one;
  return { kind: 'time', ns: timeOfText(one.value, zone) };
}

function foldTimes(operator: Operator, left: Expression, right: Expression): Literal | undefined {
  if (left.kind === 'time' && right.kind === 'duration') {
    if (operator === '+') return { kind: 'time', ns: left.ns + right.ns };
    if (operator === '-') return { kind: 'time', ns: left.ns - right.ns };
    return undefined;
  }
  if (left.kind === 'duration' && right.kind === 'time') {
    return operator === '+' ? { kind: 'time', ns: left.ns + right.ns } : undefined;
  }
  if (left.kind === 'time' && right.kind === 'time') {
    if (operator === '-') return { kind: 'duration', ns: left.ns - right.ns };
    return compared(operator, left.ns, right.ns);
  }
  if (left.kind === 'duration' && right.kind === 'duration') {
    if (operator === '+') return { kind: 'duration', ns: left.ns + right.ns };
    if (operator === '-') return { kind: 'duration', ns: left.ns - right.ns };
    return compared(operator, left.ns, right.ns);
  }
  if (left.kind === 'duration' && right.kind === 'integer') {
    if (operator === '*') return { kind: 'duration', ns: left.ns * right.value };
    if (operator === '/') return { kind: 'duration', ns: right.value === 0n ? 0n : left.ns / right.value };
  }
  if (left.kind === 'integer' && right.kind === 'duration' && operator === '*') {
    return { kind: 'duration', ns: left.value * right.ns };
  }
  return undefined;
}

function foldNumbers(operator: Operator, left: Expression, right: Expression): Literal | undefined {
  if (left.kind === 'integer' && right.kind === 'integer') {
    switch (operator) {
      case '+':
        return { kind: 'integer', value: left.value + right.value };
      case '-':
        return { kind: 'integer', value: left.value - right.value };
      case '*':
        return { kind: 'integer', value: left.value * right.value };
      case '/':
        return { kind: 'number', value: right.value === 0n ? 0 : Number(left.value) / Number(right.value) };
      case '%':
        return { kind: 'integer', value: right.value === 0n ? 0n : left.value % right.value };
      default:
        return compared(operator, left.value, right.value);
    }
  }
  const [a, b] = [numberOf(left), numberOf(right)];
  if (a === undefined || b === undefined) return undefined;
  switch (operator) {
    case '+':
      return { kind: 'number', value: a + b };
    case '-':
      return { kind: 'number', value: a - b };
    case '*':
      return { kind: 'number', value: a * b };
    case '/':
      return { kind: 'number', value: b === 0 ? 0 : a / b };
    case '%':
      return { kind: 'number', value: a % b };
    default:
      return compared(operator, a, b);
  }
}

function numberOf(expression: Expression): number | undefined {
  if (expression.kind === 'number') return expression.value;
  return expression.kind === 'integer' ? Number(expression.value) : undefined;
}

function compared<T extends bigint | number>(operator: Operator, a: T, b: T): Literal | undefined {
  switch (operator) {
    case '=':
      return truth(a === b);
    case '!=':
      return truth(a !== b);
    case '<':
      return truth(a < b);
    case '<=':
      return truth(a <= b);
    case '>':
      return truth(a > b);
    case '>=':
      return truth(a >= b);
    default:
      return undefined;
  }
}

function truth(value: boolean): Literal {
  return { kind: 'boolean', value };
}
