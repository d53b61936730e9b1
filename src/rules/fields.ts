import type { JsonValue } from '../formats/json/json-value.js';
import { quoted } from '../lib/printable.js';
import type { Field } from '../sink/point.js';
import { MappingFailure, type MappingWarningCounts, type Reading } from './mapped.js';
import type { NameBudget } from './name-budget.js';
import type { Getter, Origin } from './reference.js';
import { traceField } from './trace-values.js';
import { type FieldShape, toField } from './typed-field.js';
import type { ValuePreparation } from './value-words.js';

/** What happens to a value that cannot be stored. */
export type Otherwise = 'park' | 'omit' | 'clamp' | 'default';

export interface FieldReader extends FieldShape {
  readonly get: Getter;
  /** For an explanation. */
  readonly origin: Origin;
  /** Where the name of the field comes from, when it is not `name`. */
  readonly dynamicName?: DynamicName;
  /** Words, maps and texts; absent when the rule names none. */
  readonly prepare?: ValuePreparation;
  readonly otherwise?: Otherwise;
  /** Stored when there is no value, and with `otherwise: default` also instead of a bad one. */
  readonly fallback?: Field;
  /** A record without a value is parked; false: that there is none is expected, and not counted. */
  readonly isRequired?: boolean;
  /** For an explanation: a number outside is stored all the same. */
  readonly expected?: readonly [number, number];
}

/** A field name out of the message. */
export interface DynamicName {
  readonly get: Getter;
  readonly names: NameBudget;
  readonly tagNames: ReadonlySet<string>;
}

/** The fields of a record; 'no-value' when it has none, and the device said for at least one that it has no value now. */
export type FieldsRead = Field[] | 'no-value' | MappingFailure;

/** Reads the fields a rule names, in its order. Those without a value are omitted with a warning. */
export function readFields(
  readers: readonly FieldReader[],
  reading: Reading,
  warnings: MappingWarningCounts,
): FieldsRead {
  const fields: Field[] = [];
  let saidNothing = false;
  for (const reader of readers) {
    const found = reader.get(reading);
    let field: Field | MappingFailure | undefined;
    if (found instanceof MappingFailure) {
      field = reader.otherwise === undefined ? found : insteadOf(found, reader, null, warnings);
      if (reading.trace !== undefined) traceField(reading, reader, undefined, undefined, field);
      if (field instanceof MappingFailure) return field;
      if (field !== undefined) fields.push(field);
      continue;
    }
    const value =
      found === undefined || found === null || reader.prepare === undefined ? found : reader.prepare(found);
    if (value === undefined || isNoValue(reader, value)) {
      if (value !== undefined) saidNothing = true;
      field = withoutValue(reader, value === undefined ? 'field-missing' : 'field-null', warnings);
    } else {
      field = toField(reader, value, warnings);
      if (field instanceof MappingFailure && reader.otherwise !== undefined) {
        field = insteadOf(field, reader, value, warnings);
      }
    }
    if (field !== undefined && reader.dynamicName !== undefined) {
      field = field instanceof MappingFailure ? field : renamed(field, reader.dynamicName, reading);
    }
    if (reading.trace !== undefined) traceField(reading, reader, found, value, field);
    if (field instanceof MappingFailure) return field;
    if (field !== undefined) fields.push(field);
  }
  return fields.length === 0 && saidNothing ? 'no-value' : fields;
}

function renamed(
  field: Field,
  { get, names, tagNames }: DynamicName,
  reading: Reading,
): Field | MappingFailure {
  const name = get(reading);
  if (name instanceof MappingFailure) return name;
  if (typeof name !== 'string') {
    return new MappingFailure(
      'field-name-invalid',
      `the name of the field ${quoted(field.name)} has no value`,
    );
  }
  if (tagNames.has(name)) {
    return new MappingFailure(
      'field-name-invalid',
      `the field name ${quoted(name)} is also the name of a tag`,
    );
  }
  return names.refusal(name) ?? { ...field, name };
}

/** Null, and the empty text where a number or boolean is due. */
function isNoValue({ type }: FieldReader, value: JsonValue): boolean {
  return value === null || (value === '' && type !== undefined && type !== 'string');
}

function withoutValue(
  { name, fallback, isRequired }: FieldReader,
  code: 'field-missing' | 'field-null',
  warnings: MappingWarningCounts,
): Field | MappingFailure | undefined {
  if (fallback !== undefined) {
    warnings['field-default']++;
    return fallback;
  }
  if (isRequired !== true) {
    if (isRequired === undefined) warnings[code]++;
    return undefined;
  }
  const state = code === 'field-null' ? 'has no value' : 'is missing';
  return new MappingFailure('field-required', `the field ${quoted(name)} is required and ${state}`);
}

/** What the rule wants in place of a value that cannot be stored. */
function insteadOf(
  failure: MappingFailure,
  reader: FieldReader,
  value: JsonValue,
  warnings: MappingWarningCounts,
): Field | MappingFailure | undefined {
  switch (reader.otherwise) {
    case 'omit':
      warnings['field-omitted']++;
      return undefined;
    case 'default':
      warnings['field-default']++;
      return reader.fallback;
    case 'clamp':
      return clamped(failure, reader, value, warnings);
    default:
      return failure;
  }
}

/** The nearer end of the range; a value that is no number at all stays a failure. */
function clamped(
  failure: MappingFailure,
  reader: FieldReader,
  value: JsonValue,
  warnings: MappingWarningCounts,
): Field | MappingFailure {
  if (failure.code !== 'field-out-of-range' || reader.range === undefined) return failure;
  const unbounded = toField({ ...reader, range: undefined }, value, warnings);
  if (unbounded instanceof MappingFailure) return failure;
  const [low, high] = reader.range;
  if (unbounded.type !== 'float' && unbounded.type !== 'int') return failure;
  warnings['field-clamped']++;
  const end = unbounded.value < low ? low : high;
  return unbounded.type === 'float'
    ? { ...unbounded, value: end }
    : { ...unbounded, value: BigInt(end < unbounded.value ? Math.floor(end) : Math.ceil(end)) };
}
