import { ExactNumber, type JsonValue, kindOf } from '../formats/json/json-value.js';
import { quoted } from '../lib/printable.js';
import type { Field, FieldType } from '../sink/point.js';
import { MappingFailure, type MappingWarningCounts } from './mapped.js';
import type { Calculation } from './number-steps.js';
import { hasControlCharacter } from './point-names.js';
import { fitsInt64, scaledInteger } from './scaled-integer.js';
import { plainNumber } from './value-words.js';

/** InfluxDB takes string fields up to 64 KB. */
export const MAX_STRING_FIELD_BYTES = 65_536;

/** What a field must be, and what is done to its number on the way. */
export interface FieldShape {
  readonly name: string;
  /** When absent, the type is that of the value. */
  readonly type: FieldType | undefined;
  /** Scale, offset, unit and rounding of a number. */
  readonly calculate?: Calculation;
  /** Inclusive; of the number that is stored. */
  readonly range: readonly [number, number] | undefined;
  /** The only values that are stored. */
  readonly oneOf?: ReadonlySet<string | number | bigint | boolean>;
  /** In UTF-16 units. */
  readonly maxLength?: number;
  /** A longer text is cut to so many UTF-16 units, and never inside a surrogate pair. */
  readonly truncate?: number;
}

/** Makes a field of a value, or says why it cannot be one. */
export function toField(
  shape: FieldShape,
  value: JsonValue,
  warnings: MappingWarningCounts,
): Field | MappingFailure {
  switch (shape.type ?? typeOf(value, shape)) {
    case 'float':
      return floatField(shape, value, warnings);
    case 'int':
      return intField(shape, value, warnings);
    case 'boolean':
      if (typeof value !== 'boolean') return wrongType(shape, value, 'true or false');
      return allowed(shape, value, { name: shape.name, type: 'boolean', value });
    case 'string':
      return stringField(shape, value, warnings);
    case undefined:
      return wrongType(shape, value, 'a number, a boolean or a string');
  }
}

/**
 * JSON does not distinguish 23 from 23.0, so a number without a declared type is always a float. Other formats may say that
 * it is an integer, and it stays one as long as nothing is calculated.
 */
function typeOf(value: JsonValue, { calculate }: FieldShape): FieldType | undefined {
  if (typeof value === 'number' || calculate !== undefined) return 'float';
  if (value instanceof ExactNumber) return value.declared ?? 'float';
  if (typeof value === 'boolean') return 'boolean';
  return typeof value === 'string' ? 'string' : undefined;
}

function floatField(
  shape: FieldShape,
  value: JsonValue,
  warnings: MappingWarningCounts,
): Field | MappingFailure {
  const read = floatOf(value, warnings);
  if (read === undefined) return wrongType(shape, value, 'a number');
  const isUnderflow = read === 0 && value !== 0 && /[1-9]/.test(mantissaOf(value));
  const number = shape.calculate === undefined ? read : shape.calculate(read);
  if (!Number.isFinite(number) || isUnderflow) {
    return outOfRange(shape, value, 'what a 64-bit float can hold');
  }
  if (isOutside(shape, number)) return outOfRange(shape, value, rangeText(shape), number);
  return allowed(shape, value, { name: shape.name, type: 'float', value: number === 0 ? 0 : number });
}

function floatOf(value: JsonValue, warnings: MappingWarningCounts): number | undefined {
  if (typeof value === 'number') return value;
  if (value instanceof ExactNumber) return nearestFloat(value.text, value.toNumber(), warnings);
  const text = typeof value === 'string' ? plainNumber(value) : undefined;
  return text === undefined ? undefined : nearestFloat(text, Number(text), warnings);
}

function intField(
  shape: FieldShape,
  value: JsonValue,
  warnings: MappingWarningCounts,
): Field | MappingFailure {
  const integer =
    shape.calculate === undefined ? exactInteger(value) : calculated(value, shape.calculate, warnings);
  if (integer === 'not-decimal' || integer === 'fraction') return wrongType(shape, value, 'an integer');
  if (integer === 'too-large' || !fitsInt64(integer)) {
    return outOfRange(shape, value, 'the 64-bit integers (-2^63 to 2^63 - 1)');
  }
  if (isOutside(shape, integer)) return outOfRange(shape, value, rangeText(shape), integer);
  return allowed(shape, value, { name: shape.name, type: 'int', value: integer });
}

type Integer = bigint | 'not-decimal' | 'fraction' | 'too-large';

/** No double is involved. */
function exactInteger(value: JsonValue): Integer {
  if (typeof value === 'number') return Number.isInteger(value) ? BigInt(value) : 'fraction';
  const text = value instanceof ExactNumber ? value.text : value;
  const number = typeof text === 'string' ? plainNumber(text) : undefined;
  return number === undefined ? 'not-decimal' : scaledInteger(number, 0);
}

/** The nearest whole number: a calculation with doubles hardly ever ends on one. */
function calculated(value: JsonValue, calculate: Calculation, warnings: MappingWarningCounts): Integer {
  const read = floatOf(value, warnings);
  if (read === undefined) return 'not-decimal';
  const number = Math.round(calculate(read));
  return Number.isFinite(number) ? BigInt(number) : 'too-large';
}

function stringField(
  shape: FieldShape,
  value: JsonValue,
  warnings: MappingWarningCounts,
): Field | MappingFailure {
  if (typeof value !== 'string') return wrongType(shape, value, 'a string');
  if (hasControlCharacter(value)) {
    return wrongType(shape, value, 'a string without control characters (also no line feed or tab)');
  }
  const text = shape.truncate === undefined ? value : cut(value, shape.truncate, warnings);
  if (shape.maxLength !== undefined && text.length > shape.maxLength) {
    return outOfRange(shape, value, `the ${shape.maxLength} characters of maxLength`);
  }
  // A UTF-16 unit is at most three bytes: only long strings need counting.
  if (text.length * 3 > MAX_STRING_FIELD_BYTES && Buffer.byteLength(text) > MAX_STRING_FIELD_BYTES) {
    return outOfRange(shape, value, `the ${MAX_STRING_FIELD_BYTES} bytes a string field may have`);
  }
  return allowed(shape, value, { name: shape.name, type: 'string', value: text });
}

function cut(text: string, length: number, warnings: MappingWarningCounts): string {
  if (text.length <= length) return text;
  warnings['field-truncated']++;
  const last = text.charCodeAt(length - 1);
  const isHalf = last >= 0xd800 && last < 0xdc00;
  return text.slice(0, isHalf ? length - 1 : length);
}

function allowed(shape: FieldShape, value: JsonValue, field: Field): Field | MappingFailure {
  if (shape.oneOf === undefined || shape.oneOf.has(field.value)) return field;
  // A rule that names no type has its allowed numbers as floats, also for what the format declares as an integer.
  if (field.type === 'int' && shape.type === undefined && shape.oneOf.has(Number(field.value))) return field;
  return outOfRange(shape, value, `the values of oneOf: ${[...shape.oneOf].join(', ')}`, field.value);
}

/** The nearest float of decimal text, which `number` is. An integer that a float cannot hold exactly gives a warning. */
export function nearestFloat(text: string, number: number, warnings: MappingWarningCounts): number {
  if (Number.isFinite(number) && Math.abs(number) > Number.MAX_SAFE_INTEGER) {
    const integer = scaledInteger(text, 0);
    if (typeof integer === 'bigint' && integer !== BigInt(number)) warnings['number-rounded']++;
  }
  return number;
}

function mantissaOf(value: JsonValue): string {
  const text = value instanceof ExactNumber ? value.text : String(value);
  return text.replace(/[eE].*$/, '');
}

function isOutside({ range }: FieldShape, value: number | bigint): boolean {
  return range !== undefined && (value < range[0] || value > range[1]);
}

function rangeText({ range }: FieldShape): string {
  return `the range ${range?.[0]} to ${range?.[1]}`;
}

function wrongType({ name }: FieldShape, value: JsonValue, expected: string): MappingFailure {
  return new MappingFailure(
    'field-wrong-type',
    `the field ${quoted(name)} is ${shown(value)}; expected ${expected}`,
  );
}

/** `stored` is what the value became, where that is something else. */
function outOfRange(
  { name, calculate }: FieldShape,
  value: JsonValue,
  limits: string,
  stored?: string | number | bigint | boolean,
): MappingFailure {
  const became = calculate === undefined || stored === undefined ? '' : `, which becomes ${stored}`;
  return new MappingFailure(
    'field-out-of-range',
    `the field ${quoted(name)} is ${shown(value)}${became}, outside ${limits}`,
  );
}

/** Names the kind of a value and, where it helps, the value. */
export function shown(value: JsonValue): string {
  if (value instanceof ExactNumber) return `the number ${quoted(value.text).slice(1, -1)}`;
  if (typeof value === 'number') return `the number ${value}`;
  if (typeof value === 'string') return `the string ${quoted(value)}`;
  return typeof value === 'boolean' ? String(value) : kindOf(value);
}
