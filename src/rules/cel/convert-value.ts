import { ExactNumber, type JsonValue } from '../../formats/json/json-value.js';
import { CelFailure } from './cel-failure.js';
import type { CelRun } from './cel-run.js';
import { type CelMap, type CelType, type CelValue, celOf, isMap, typeInWords, typeOf } from './cel-value.js';

type Convert = (value: CelValue, run: CelRun, depth?: number) => CelValue | CelFailure;

const HOW_TO_CONVERT: Partial<Record<CelType, string>> = {
  bytes: ': convert them, with .string() or .hex()',
  timestamp: ': convert it, with .getFullYear() for example',
  duration: ': convert it, with .getSeconds() or .getMilliseconds()',
};

/** Payloads cannot have these keys either: they reach the prototype of an object. */
const FORBIDDEN_KEYS = new Set(['__proto__', 'constructor', 'prototype']);

/** Converts what an expression gives to a value of a rule. Exact numbers that are only passed on keep their text. */
export function jsonOf(value: CelValue, run: CelRun, depth = 0): JsonValue | CelFailure {
  if (typeof value === 'string' || typeof value === 'boolean' || value === null) return value;
  if (typeof value === 'number') {
    return Number.isFinite(value)
      ? value
      : new CelFailure('failed', `the result is ${value}, which no store holds`);
  }
  if (typeof value === 'bigint') {
    const nearest = Number(value);
    return Number.isSafeInteger(nearest) ? nearest : new ExactNumber(String(value));
  }
  if (value instanceof ExactNumber) return value;
  // Both give only JSON values, because jsonOf does.
  if (Array.isArray(value)) return convertedList(value, run, jsonOf, depth) as JsonValue | CelFailure;
  if (isMap(value)) return convertedMap(value, run, jsonOf, depth) as JsonValue | CelFailure;
  const type = typeOf(value);
  const how = type === undefined ? undefined : HOW_TO_CONVERT[type];
  return new CelFailure('failed', `the result is ${typeInWords(type)}${how ?? ''}`);
}

/** Converts a value with everything inside as `celOf` does, for functions of the library. */
export function celOfAll(value: CelValue, run: CelRun, depth = 0): CelValue | CelFailure {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return convertedList(value, run, celOfAll, depth);
  return isMap(value) ? convertedMap(value, run, celOfAll, depth) : celOf(value);
}

function convertedList(
  list: readonly CelValue[],
  run: CelRun,
  convert: Convert,
  depth: number,
): CelValue | CelFailure {
  const over = run.chargeWalk(list.length, depth);
  if (over !== undefined) return over;
  const converted: CelValue[] = [];
  for (const element of list) {
    const one = convert(element, run, depth + 1);
    if (one instanceof CelFailure) return one;
    converted.push(one);
  }
  return converted;
}

function convertedMap(map: CelMap, run: CelRun, convert: Convert, depth: number): CelValue | CelFailure {
  const keys = Object.keys(map);
  const over = run.chargeWalk(keys.length, depth);
  if (over !== undefined) return over;
  const converted: Record<string, CelValue> = {};
  for (const key of keys) {
    if (FORBIDDEN_KEYS.has(key)) return new CelFailure('failed', `a map may not have the key ${key}`);
    const one = convert(map[key] as CelValue, run, depth + 1);
    if (one instanceof CelFailure) return one;
    converted[key] = one;
  }
  return converted;
}
