import { Environment } from '@marcbachmann/cel-js';
import { ExactNumber } from '../../formats/json/json-value.js';
import { fitsInt64, scaledInteger } from '../scaled-integer.js';

/**
 * A value while an expression runs: CEL's int is a bigint, its double a number, a list an array, a map a plain object,
 * and bytes, timestamps, durations and types are objects of the library. Lists and maps are those of the payload and
 * may hold ExactNumbers: who takes an element out reads it with `celOf`.
 */
export type CelValue = null | boolean | number | bigint | string | object;

export type CelMap = Readonly<Record<string, CelValue>>;

/** The static type of an expression; `dyn` is any. */
export type CelType =
  | 'bool'
  | 'int'
  | 'double'
  | 'string'
  | 'bytes'
  | 'list'
  | 'map'
  | 'null'
  | 'type'
  | 'timestamp'
  | 'duration'
  | 'dyn';

/** The library without our names: its functions and types. */
export const library = new Environment({ homogeneousAggregateLiterals: false });

// The library does not export the classes of its values.
const Duration = (library.evaluate('duration("1s")') as object).constructor;
const Type = (library.evaluate('int') as object).constructor;

/** A duration of the library. */
export interface CelDuration {
  readonly seconds: bigint;
  readonly nanos: number;
}

export function isDuration(value: CelValue): value is CelDuration {
  return typeof value === 'object' && value !== null && value.constructor === Duration;
}

/** The type of a value; undefined for what no expression makes. */
export function typeOf(value: CelValue): CelType | undefined {
  switch (typeof value) {
    case 'number':
      return 'double';
    case 'bigint':
      return 'int';
    case 'string':
      return 'string';
    case 'boolean':
      return 'bool';
    default:
      break;
  }
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'list';
  if (value instanceof Date) return 'timestamp';
  if (value instanceof Uint8Array) return 'bytes';
  if (isDuration(value)) return 'duration';
  if (value.constructor === Type) return 'type';
  return isMap(value) ? 'map' : undefined;
}

export function isMap(value: CelValue): value is CelMap {
  if (typeof value !== 'object' || value === null) return false;
  // Payloads cannot have the key `constructor`; a map of the expression has no prototype.
  return value.constructor === Object || Object.getPrototypeOf(value) === null;
}

const KINDS: Readonly<Record<CelType, string>> = {
  bool: 'true or false',
  int: 'an int',
  double: 'a double',
  string: 'a string',
  bytes: 'bytes',
  list: 'a list',
  map: 'a map',
  null: 'null',
  type: 'a type',
  timestamp: 'a timestamp',
  duration: 'a duration',
  dyn: 'a value of the payload',
};

/** The type in words, for a person. */
export function typeInWords(type: CelType | undefined): string {
  return type === undefined ? 'something unknown' : KINDS[type];
}

/** The kind of a value in words, for a person. */
export function kindInWords(value: CelValue): string {
  return typeInWords(typeOf(value));
}

/** Longer numbers are remembered: a macro may read one again and again, and reading takes as long as its text. */
const MAX_SHORT_NUMBER_CHARACTERS = 64;
const longNumbers = new WeakMap<ExactNumber, CelValue>();

/** A value of the payload: plain numbers are doubles, exact integers within int64 are ints. */
export function celOf(value: CelValue): CelValue {
  if (typeof value !== 'object' || !(value instanceof ExactNumber)) return value;
  if (value.text.length <= MAX_SHORT_NUMBER_CHARACTERS) return numberOf(value);
  const known = longNumbers.get(value) ?? numberOf(value);
  longNumbers.set(value, known);
  return known;
}

function numberOf(value: ExactNumber): number | bigint {
  const integer = scaledInteger(value.text, 0);
  return typeof integer === 'bigint' && fitsInt64(integer) ? integer : value.toNumber();
}
