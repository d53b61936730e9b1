import { foldConstants, foldLogic, type StatementTime } from './fold-constants.js';
import { InfluxqlError } from './influxql-error.js';
import type { Expression, Operator } from './statement.js';
import { looksLikeTime, timeOfText } from './time-text.js';

/** The ends of the times that InfluxDB knows; a range that is open at an end has them. */
export const MIN_TIME_NS = -(2n ** 63n) + 2n;
export const MAX_TIME_NS = 2n ** 63n - 2n;

/** Both ends are in it. */
export interface TimeRange {
  readonly minNs: bigint;
  readonly maxNs: bigint;
}

export const ALL_TIME: TimeRange = { minNs: MIN_TIME_NS, maxNs: MAX_TIME_NS };

/** A condition without what it says about the time. */
export interface SplitCondition {
  /** Absent: every point. */
  readonly filter?: Expression;
  readonly range: TimeRange;
}

const MIRRORED: Partial<Record<Operator, Operator>> = { '<': '>', '>': '<', '<=': '>=', '>=': '<=' };

/**
 * Takes the comparisons of `time` out of a condition. As in InfluxDB 1 all of them have to be true, also those beside OR.
 */
export function splitCondition(condition: Expression | undefined, time: StatementTime): SplitCondition {
  if (condition === undefined) return { range: ALL_TIME };
  const { filter, range } = split(condition, time);
  return filter?.kind === 'boolean' && filter.value ? { range } : { filter, range };
}

function split(condition: Expression, time: StatementTime): SplitCondition {
  if (condition.kind === 'boolean') return { filter: condition, range: ALL_TIME };
  if (condition.kind !== 'binary')
    throw new InfluxqlError('invalid condition expression: a comparison is expected');
  const { operator, left, right } = condition;
  if (operator === 'AND' || operator === 'OR') {
    const [a, b] = [split(left, time), split(right, time)];
    return { filter: joined(operator, a.filter, b.filter), range: intersection(a.range, b.range) };
  }
  if (isTime(left)) return { range: rangeOf(operator, right, time) };
  if (isTime(right)) return { range: rangeOf(MIRRORED[operator] ?? operator, left, time) };
  return { filter: foldConstants(condition, time), range: ALL_TIME };
}

function joined(
  operator: 'AND' | 'OR',
  left: Expression | undefined,
  right: Expression | undefined,
): Expression | undefined {
  if (left === undefined) return right;
  return right === undefined ? left : foldLogic(operator, left, right);
}

function intersection(a: TimeRange, b: TimeRange): TimeRange {
  return {
    minNs: a.minNs > b.minNs ? a.minNs : b.minNs,
    maxNs: a.maxNs < b.maxNs ? a.maxNs : b.maxNs,
  };
}

function isTime(expression: Expression): boolean {
  return expression.kind === 'reference' && expression.name.toLowerCase() === 'time';
}

function rangeOf(operator: Operator, limit: Expression, time: StatementTime): TimeRange {
  const ns = instantOf(limit, time);
  if (ns > MAX_TIME_NS) throw new InfluxqlError(`time ${ns} overflows time literal`);
  if (ns < MIN_TIME_NS + 1n) throw new InfluxqlError(`time ${ns} underflows time literal`);
  switch (operator) {
    case '>':
      return { minNs: ns + 1n, maxNs: MAX_TIME_NS };
    case '>=':
      return { minNs: ns, maxNs: MAX_TIME_NS };
    case '<':
      return { minNs: MIN_TIME_NS, maxNs: ns - 1n };
    case '<=':
      return { minNs: MIN_TIME_NS, maxNs: ns };
    case '=':
      return { minNs: ns, maxNs: ns };
    default:
      throw new InfluxqlError(`invalid time comparison operator: ${operator}`);
  }
}

function instantOf(limit: Expression, time: StatementTime): bigint {
  const folded = foldConstants(limit, time);
  switch (folded.kind) {
    case 'time':
    case 'duration':
      return folded.ns;
    case 'integer':
      return folded.value;
    case 'number':
      return BigInt(Math.trunc(folded.value));
    case 'string':
      if (looksLikeTime(folded.value)) return timeOfText(folded.value, time.zone);
      break;
    default:
      break;
  }
  throw new InfluxqlError(
    "time can be compared with now(), a time such as '2026-03-08T21:04:50Z', a number with a unit (ms, s, …), and sums of them",
  );
}
