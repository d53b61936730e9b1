import { ExactNumber, type JsonValue, kindOf } from '../formats/json/json-value.js';
import { quoted } from '../lib/printable.js';
import type { Field, FieldType } from '../sink/point.js';
import { MappingFailure, type MappingWarningCounts, type Reading } from './mapped.js';
import { hasControlCharacter } from './point-names.js';
import type { Getter } from './reference.js';
import { fitsInt64, isDecimal, scaledInteger } from './scaled-integer.js';

/** InfluxDB takes string fields up to 64 KB. */
export const MAX_STRING_FIELD_BYTES = 65_536;

export interface FieldReader {
  readonly name: string;
  readonly get: Getter;
  /** When absent, the type is that of the value. */
  readonly type: FieldType | undefined;
  readonly range: readonly [number, number] | undefined;
}

/** Reads the fields a rule names, in its order. Those without a value are omitted with a warning. */
export function readFields(
  readers: readonly FieldReader[],
  reading: Reading,
  warnings: MappingWarningCounts,
): Field[] | MappingFailure {
  const fields: Field[] = [];
  for (const reader of readers) {
    const value = reader.get(reading);
    if (value === undefined) {
      warnings['field-missing']++;
      continue;
    }
    if (value === null || (value === '' && reader.type !== undefined && reader.type !== 'string')) {
      warnings['field-null']++;
      continue;
    }
    const field = toField(reader, value, warnings);
    if (field instanceof MappingFailure) return field;
    fields.push(field);
  }
  return fields;
}

function toField(
  reader: FieldReader,
  value: JsonValue,
  warnings: MappingWarningCounts,
): Field | MappingFailure {
  switch (reader.type ?? typeOf(value)) {
    case 'float':
      return floatField(reader, value, warnings);
    case 'int':
      return intField(reader, value);
    case 'boolean':
      if (typeof value !== 'boolean') return wrongType(reader, value, 'true or false');
      return { name: reader.name, type: 'boolean', value };
    case 'string':
      return stringField(reader, value);
    case undefined:
      return wrongType(reader, value, 'a number, a boolean or a string');
  }
}

/** JSON does not distinguish 23 from 23.0, so a number without a declared type is always a float. */
function typeOf(value: JsonValue): FieldType | undefined {
  if (typeof value === 'number' || value instanceof ExactNumber) return 'float';
  if (typeof value === 'boolean') return 'boolean';
  return typeof value === 'string' ? 'string' : undefined;
}

function floatField(
  reader: FieldReader,
  value: JsonValue,
  warnings: MappingWarningCounts,
): Field | MappingFailure {
  let number: number;
  if (typeof value === 'number') number = value;
  else if (value instanceof ExactNumber) number = roundedToFloat(value.text, warnings);
  else if (typeof value === 'string' && isDecimal(value)) number = roundedToFloat(value, warnings);
  else return wrongType(reader, value, 'a number');
  if (!Number.isFinite(number) || (number === 0 && value !== 0 && /[1-9]/.test(mantissaOf(value)))) {
    return outOfRange(reader, value, 'what a 64-bit float can hold');
  }
  if (isOutside(reader, number)) return outOfRange(reader, value, rangeText(reader));
  return { name: reader.name, type: 'float', value: number === 0 ? 0 : number };
}

function intField(reader: FieldReader, value: JsonValue): Field | MappingFailure {
  const text = value instanceof ExactNumber ? value.text : value;
  let integer: bigint | 'not-decimal' | 'fraction' | 'too-large';
  if (typeof text === 'number') integer = Number.isInteger(text) ? BigInt(text) : 'fraction';
  else if (typeof text === 'string') integer = scaledInteger(text, 0);
  else integer = 'not-decimal';
  if (integer === 'not-decimal' || integer === 'fraction') return wrongType(reader, value, 'an integer');
  if (integer === 'too-large' || !fitsInt64(integer)) {
    return outOfRange(reader, value, 'the 64-bit integers (-2^63 to 2^63 - 1)');
  }
  if (isOutside(reader, integer)) return outOfRange(reader, value, rangeText(reader));
  return { name: reader.name, type: 'int', value: integer };
}

function stringField(reader: FieldReader, value: JsonValue): Field | MappingFailure {
  if (typeof value !== 'string') return wrongType(reader, value, 'a string');
  if (hasControlCharacter(value)) {
    return wrongType(reader, value, 'a string without control characters (also no line feed or tab)');
  }
  // A UTF-16 unit is at most three bytes: only long strings need counting.
  if (value.length * 3 > MAX_STRING_FIELD_BYTES && Buffer.byteLength(value) > MAX_STRING_FIELD_BYTES) {
    return outOfRange(reader, value, `the ${MAX_STRING_FIELD_BYTES} bytes a string field may have`);
  }
  return { name: reader.name, type: 'string', value };
}

/** The nearest float of decimal text. An integer that a float cannot hold exactly gives a warning. */
export function roundedToFloat(text: string, warnings: MappingWarningCounts): number {
  const number = Number(text);
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

function isOutside(reader: FieldReader, value: number | bigint): boolean {
  return reader.range !== undefined && (value < reader.range[0] || value > reader.range[1]);
}

function rangeText(reader: FieldReader): string {
  return `the range ${reader.range?.[0]} to ${reader.range?.[1]}`;
}

function wrongType(reader: FieldReader, value: JsonValue, expected: string): MappingFailure {
  return new MappingFailure(
    'field-wrong-type',
    `the field ${quoted(reader.name)} is ${shown(value)}; expected ${expected}`,
  );
}

function outOfRange(reader: FieldReader, value: JsonValue, limits: string): MappingFailure {
  return new MappingFailure(
    'field-out-of-range',
    `the field ${quoted(reader.name)} is ${shown(value)}, outside ${limits}`,
  );
}

/** Names the kind of a value and, where it helps, the value. */
export function shown(value: JsonValue): string {
  if (value instanceof ExactNumber) return `the number ${quoted(value.text).slice(1, -1)}`;
  if (typeof value === 'number') return `the number ${value}`;
  if (typeof value === 'string') return `the string ${quoted(value)}`;
  return typeof value === 'boolean' ? String(value) : kindOf(value);
}
