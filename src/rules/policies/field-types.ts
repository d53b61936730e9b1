import { quoted } from '../../lib/printable.js';
import type { Field, FieldType, Point } from '../../sink/point.js';
import { convertField } from './convert-field.js';

/** What happens to a field whose value cannot be converted to the type that the store has. */
export const TYPE_OTHERWISES = ['park', 'omit', 'side-field'] as const;
export type TypeOtherwise = (typeof TYPE_OTHERWISES)[number];

export interface TypePolicy {
  readonly otherwise: TypeOtherwise;
}

/** What was done to a field because of its type in the store: the closed list behind a metric's label. */
export const TYPE_CONVERSIONS = ['int-to-float', 'float-to-int', 'omitted', 'side-field'] as const;
export type TypeConversion = (typeof TYPE_CONVERSIONS)[number];

/** The type of a field in the store. */
export interface StoredType {
  readonly type: FieldType;
  /**
   * The store has refused another type at that time. Without it the type is only used for a lossless conversion: where the
   * store has none yet, a point with another type would be stored.
   */
  readonly isCertain: boolean;
}

/** A point with the types that the store has. */
export type Fitted =
  | {
      readonly kind: 'point';
      /** The same object when nothing has changed. */
      readonly point: Point;
      readonly conversions: readonly FieldConversion[];
    }
  /** The first field for which the record has to be parked. */
  | { readonly kind: 'conflict'; readonly field: Field; readonly storedType: FieldType };

export interface FieldConversion {
  readonly kind: TypeConversion;
  /** The field as it was. */
  readonly field: Field;
  readonly storedType: FieldType;
}

const NONE: readonly FieldConversion[] = [];

/** A point with more fields that cannot be converted is parked: each of them may cost a request. */
const MAX_UNCONVERTED_FIELDS = 32;

/** Pure: the same point and the same types give the same result, however the types were learned. */
export function fitPoint(
  point: Point,
  storedTypeOf: (field: string) => StoredType | undefined,
  otherwise: TypeOtherwise,
): Fitted {
  const fields: Field[] = [];
  const conversions: FieldConversion[] = [];
  let unconverted = 0;
  for (const field of point.fields) {
    const stored = storedTypeOf(field.name);
    if (stored === undefined || stored.type === field.type) {
      fields.push(field);
      continue;
    }
    const storedType = stored.type;
    const converted = convertField(field, storedType);
    if (converted !== undefined) {
      fields.push(converted);
      conversions.push({ kind: storedType === 'float' ? 'int-to-float' : 'float-to-int', field, storedType });
      continue;
    }
    if (!stored.isCertain) {
      fields.push(field);
      continue;
    }
    if (++unconverted > MAX_UNCONVERTED_FIELDS) return { kind: 'conflict', field, storedType };
    if (otherwise === 'omit') {
      conversions.push({ kind: 'omitted', field, storedType });
      continue;
    }
    const side = otherwise === 'side-field' ? sideField(field, point, storedTypeOf) : undefined;
    if (side === undefined) return { kind: 'conflict', field, storedType };
    fields.push(side);
    conversions.push({ kind: 'side-field', field, storedType });
  }
  const [first] = conversions;
  if (first === undefined) return { kind: 'point', point, conversions: NONE };
  // A record of which nothing would be written is parked: it must not vanish.
  if (fields.length === 0) return { kind: 'conflict', field: first.field, storedType: first.storedType };
  return { kind: 'point', point: { ...point, fields }, conversions };
}

/** Returns the field under the name of its type, such as `temperature_string`; undefined when that name is taken. */
function sideField(
  field: Field,
  { fields }: Point,
  storedTypeOf: (field: string) => StoredType | undefined,
): Field | undefined {
  const name = `${field.name}_${field.type}`;
  if (fields.some((other) => other.name === name)) return undefined;
  const stored = storedTypeOf(name);
  if (stored?.isCertain && stored.type !== field.type) return undefined;
  return { ...field, name };
}

/** Why a record is parked, and the way out. */
export function conflictReason(measurement: string, field: Field, storedType: FieldType): string {
  return (
    `the field ${quoted(field.name)} of ${quoted(measurement)} is ${field.type}, the store has ${storedType}, and ` +
    'the value cannot be converted without loss: correct the device or its rule, set consumer.policies.type.otherwise, or ' +
    'change the type in the store (`sluice store retype`); then replay'
  );
}
