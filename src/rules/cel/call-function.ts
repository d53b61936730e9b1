import { oneLine, quoted } from '../../lib/printable.js';
import { fitsInt64, isDecimal } from '../scaled-integer.js';
import { CelFailure } from './cel-failure.js';
import type { CelRun } from './cel-run.js';
import { type CelValue, isMap, library } from './cel-value.js';
import { celOfAll } from './convert-value.js';

/** Calls a function with its receiver, if it has one, as the first argument. */
export type Call = (parameters: readonly CelValue[], run: CelRun) => CelValue | CelFailure;

/** The longest text that duration() takes. */
const MAX_DURATION_CHARACTERS = 64;
/** What duration() takes. The library's own pattern takes cubic time for other text. */
const DURATION = /^[+-]?(?:(?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|µs|ms|s|m|h))+$/;
/** The longest text that double() takes. */
const MAX_NUMBER_CHARACTERS = 400;
/** What a function that asks for a time zone costs. */
const TIME_ZONE_STEPS = 200;

/**
 * Functions that the library leaves unbounded or inexact (int() beyond 64 bits, int("") = 0), and those that conditions
 * call most. 'no-overload': the library decides, which knows all types.
 */
const OWN: Readonly<
  Record<string, (parameters: readonly CelValue[], run: CelRun) => CelValue | CelFailure | 'no-overload'>
> = {
  size: ([value], run) => {
    if (Array.isArray(value)) return BigInt(value.length);
    if (typeof value === 'string') return run.chargeText(value.length) ?? BigInt(codePoints(value));
    if (value === undefined || !isMap(value)) return 'no-overload';
    const keys = Object.keys(value).length;
    return run.charge(keys) ?? BigInt(keys);
  },
  contains: (parameters, run) => search(parameters, run, (text, part) => text.includes(part)),
  startsWith: ([text, part], run) => {
    if (typeof text !== 'string' || typeof part !== 'string') return 'no-overload';
    return run.chargeText(Math.min(text.length, part.length)) ?? text.startsWith(part);
  },
  endsWith: ([text, part], run) => {
    if (typeof text !== 'string' || typeof part !== 'string') return 'no-overload';
    return run.chargeText(Math.min(text.length, part.length)) ?? text.endsWith(part);
  },
  indexOf: (parameters, run) => search(parameters, run, () => 'no-overload'),
  lastIndexOf: (parameters, run) => search(parameters, run, () => 'no-overload'),
  split: (parameters, run) => search(parameters, run, () => 'no-overload'),
  join: ([list, separator = ''], run) => {
    if (!Array.isArray(list) || typeof separator !== 'string') return 'no-overload';
    const parts: string[] = [];
    for (const part of list as CelValue[]) {
      if (typeof part !== 'string') {
        return new CelFailure('failed', 'the list holds something else than text');
      }
      const over = run.charge(1) ?? run.chargeText(part.length + separator.length);
      if (over !== undefined) return over;
      parts.push(part);
    }
    return parts.join(separator);
  },
  int: ([value]) => {
    if (typeof value === 'number') {
      const integer = Number.isFinite(value) ? BigInt(Math.trunc(value)) : undefined;
      return integer !== undefined && fitsInt64(integer) ? integer : notAnInt(String(value));
    }
    if (typeof value !== 'string') return 'no-overload';
    const integer = /^[+-]?\d{1,19}$/.test(value) ? BigInt(value.replace('+', '')) : undefined;
    return integer !== undefined && fitsInt64(integer) ? integer : notAnInt(quoted(value));
  },
  double: ([value]) => {
    if (typeof value !== 'string' || /^[+-]?(inf|infinity|nan)$/i.test(value)) return 'no-overload';
    const isNumber = value.length <= MAX_NUMBER_CHARACTERS && isDecimal(value.replace(/^\+/, ''));
    return isNumber ? Number(value) : new CelFailure('failed', `${quoted(value)} is not a number`);
  },
  duration: ([text]) => {
    if (typeof text !== 'string') return 'no-overload';
    if (text.length <= MAX_DURATION_CHARACTERS && DURATION.test(text)) return 'no-overload';
    return new CelFailure('failed', `${quoted(text)} is not a duration`);
  },
};

function notAnInt(shown: string): CelFailure {
  return new CelFailure('failed', `${shown} is not an integer within 64 bits`);
}

/** Searches in text take the product of both lengths in the worst case. */
function search(
  [text, part]: readonly CelValue[],
  run: CelRun,
  found: (text: string, part: string) => boolean | 'no-overload',
): boolean | 'no-overload' | CelFailure {
  if (typeof text !== 'string' || typeof part !== 'string') return 'no-overload';
  return run.chargeSearch(text, part) ?? found(text, part);
}

function codePoints(text: string): number {
  let count = 0;
  for (const _ of text) count += 1;
  return count;
}

const PARAMETERS = ['a', 'b', 'c'] as const;

let parameterNames = library.clone();
for (const name of PARAMETERS) parameterNames = parameterNames.registerVariable(name, 'dyn');

/** Makes the call of a function or method with so many parameters, the receiver included. */
export function callOf(name: string, isMethod: boolean, parameterCount: number): Call {
  const names = PARAMETERS.slice(0, parameterCount);
  const [receiver, ...rest] = names;
  const text = isMethod ? `${receiver}.${name}(${rest.join(', ')})` : `${name}(${names.join(', ')})`;
  const callLibrary = parameterNames.parse(text);
  const own = Object.hasOwn(OWN, name) ? OWN[name] : undefined;

  const attempt = (parameters: readonly CelValue[]): CelValue | CelFailure | 'no-overload' => {
    try {
      const [a, b, c] = parameters;
      return callLibrary({ a, b, c }) as CelValue;
    } catch (thrown) {
      return causeOf(thrown);
    }
  };

  return (parameters, run) => {
    const result = own?.(parameters, run) ?? 'no-overload';
    if (result !== 'no-overload') return result;
    const [first, ...rest] = parameters;
    const over = run.charge(first instanceof Date && rest.length > 0 ? TIME_ZONE_STEPS : 1);
    if (over !== undefined) return over;
    const converted: CelValue[] = [];
    for (const parameter of parameters) {
      const one = chargeIfText(parameter, run) ?? celOfAll(parameter, run);
      if (one instanceof CelFailure) return one;
      converted.push(one);
    }
    let given = attempt(converted);
    // Numbers of a payload are doubles: a whole one may stand for the int that a function wants.
    if (given === 'no-overload') given = attempt(converted.map(intOfWhole));
    if (given === 'no-overload') return NO_OVERLOAD;
    return checkResult(given, run) ?? given;
  };
}

/** What a call gives that does not take values of these kinds. */
export const NO_OVERLOAD = new CelFailure('failed', 'does not take these values');

function intOfWhole(value: CelValue): CelValue {
  return typeof value === 'number' && Number.isSafeInteger(value) ? BigInt(value) : value;
}

function chargeIfText(value: CelValue | CelFailure, run: CelRun): CelFailure | undefined {
  return typeof value === 'string' || value instanceof Uint8Array ? run.chargeText(value.length) : undefined;
}

/** A failure if the result is beyond the budget, or beyond an int. */
function checkResult(result: CelValue | CelFailure, run: CelRun): CelFailure | undefined {
  if (typeof result === 'bigint' && !fitsInt64(result)) return notAnInt(String(result));
  return Array.isArray(result) ? run.charge(result.length) : chargeIfText(result, run);
}

/** The library throws for values that a function does not take. Its summary leaves the drawing of the source out. */
function causeOf(thrown: unknown): CelFailure | 'no-overload' {
  const { code, summary, message } = thrown as { code?: unknown; summary?: unknown; message?: unknown };
  if (code === 'no_matching_overload') return 'no-overload';
  return new CelFailure('failed', oneLine(String(summary ?? message)));
}
