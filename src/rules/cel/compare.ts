import { CelFailure } from './cel-failure.js';
import type { CelRun } from './cel-run.js';
import { type CelMap, type CelValue, celOf, isDuration, isMap, kindInWords } from './cel-value.js';

export type Ordering = '<' | '<=' | '>' | '>=';

/** Whether two values are equal as CEL says: numbers by value, whatever their types; lists and maps by what is in them. */
export function isEqual(left: CelValue, right: CelValue, run: CelRun, depth = 0): boolean | CelFailure {
  // First, because comparing text of the same length takes a step for some of its characters.
  if (typeof left === 'string') {
    if (typeof right !== 'string' || left.length !== right.length) return false;
    return run.chargeText(left.length) ?? left === right;
  }
  if (left === right) return true;
  switch (typeof left) {
    case 'number':
    case 'bigint':
      // A loose comparison of bigint and number is exact.
      // biome-ignore lint/suspicious/noDoubleEquals: see above
      return (typeof right === 'bigint' || typeof right === 'number') && left == right;
    case 'boolean':
      return false;
    default:
      break;
  }
  if (left === null || typeof right !== 'object' || right === null) return false;
  if (Array.isArray(left)) return Array.isArray(right) && areListsEqual(left, right, run, depth);
  if (Array.isArray(right)) return false;
  if (isMap(left)) return isMap(right) && areMapsEqual(left, right, run, depth);
  return areOthersEqual(left, right);
}

function areListsEqual(
  left: readonly CelValue[],
  right: readonly CelValue[],
  run: CelRun,
  depth: number,
): boolean | CelFailure {
  if (left.length !== right.length) return false;
  for (const [index, element] of left.entries()) {
    const over = run.chargeWalk(1, depth);
    if (over !== undefined) return over;
    const same = isEqual(celOf(element), celOf(right[index] as CelValue), run, depth + 1);
    if (same !== true) return same;
  }
  return true;
}

function areMapsEqual(left: CelMap, right: CelMap, run: CelRun, depth: number): boolean | CelFailure {
  const keys = Object.keys(left);
  const over = run.chargeWalk(keys.length, depth);
  if (over !== undefined) return over;
  if (keys.length !== Object.keys(right).length) return false;
  for (const key of keys) {
    if (!Object.hasOwn(right, key)) return false;
    const same = isEqual(celOf(left[key] as CelValue), celOf(right[key] as CelValue), run, depth + 1);
    if (same !== true) return same;
  }
  return true;
}

/** Timestamps, durations and bytes; types are equal only to themselves. */
function areOthersEqual(left: object, right: object): boolean {
  if (left instanceof Date) return right instanceof Date && left.getTime() === right.getTime();
  if (isDuration(left))
    return isDuration(right) && left.seconds === right.seconds && left.nanos === right.nanos;
  if (left instanceof Uint8Array) return right instanceof Uint8Array && Buffer.compare(left, right) === 0;
  return false;
}

/** `value in container`: an element of a list, or a key of a map. */
export function isIn(value: CelValue, container: CelValue, run: CelRun): boolean | CelFailure {
  if (Array.isArray(container)) {
    for (const element of container) {
      const found = run.charge(1) ?? isEqual(value, celOf(element as CelValue), run);
      if (found !== false) return found;
    }
    return false;
  }
  if (!isMap(container)) {
    return new CelFailure('failed', `cannot look for ${kindInWords(value)} in ${kindInWords(container)}`);
  }
  const key = keyOf(value);
  return key !== undefined && Object.hasOwn(container, key);
}

/** The key of a map that a value stands for. JSON has text keys only, so numbers and booleans stand for their text. */
export function keyOf(value: CelValue): string | undefined {
  switch (typeof value) {
    case 'string':
      return value;
    case 'number':
    case 'bigint':
    case 'boolean':
      return String(value);
    default:
      return undefined;
  }
}

/** Compares numbers by value, and text, times, durations and booleans with their like. */
export function isOrdered(
  operator: Ordering,
  left: CelValue,
  right: CelValue,
  run: CelRun,
): boolean | CelFailure {
  if (!areComparable(left, right)) {
    return new CelFailure('failed', `cannot compare ${kindInWords(left)} with ${kindInWords(right)}`);
  }
  if (typeof left === 'string' && typeof right === 'string') {
    const over = run.chargeText(Math.min(left.length, right.length));
    if (over !== undefined) return over;
  }
  // Dates and durations compare by their valueOf, bigint with number exactly.
  return areOrdered(operator, left as number, right as number);
}

export function areOrdered(operator: Ordering, left: number, right: number): boolean {
  switch (operator) {
    case '<':
      return left < right;
    case '<=':
      return left <= right;
    case '>':
      return left > right;
    case '>=':
      return left >= right;
  }
}

function areComparable(left: CelValue, right: CelValue): boolean {
  switch (typeof left) {
    case 'number':
    case 'bigint':
      return typeof right === 'number' || typeof right === 'bigint';
    case 'string':
    case 'boolean':
      return typeof right === typeof left;
    default:
      return (left instanceof Date && right instanceof Date) || (isDuration(left) && isDuration(right));
  }
}
