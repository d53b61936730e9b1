import type { Field, FieldType } from '../../sink/point.js';

const MAX_INT64 = 2n ** 63n - 1n;
const MIN_INT64 = -(2n ** 63n);

/**
 * Returns the field with another type and an equal value, or undefined when there is none. Only numbers are converted: a
 * number never becomes text, and true is not 1.
 */
export function convertField(field: Field, type: FieldType): Field | undefined {
  if (field.type === type) return field;
  if (field.type === 'int' && type === 'float') {
    const value = Number(field.value);
    return BigInt(value) === field.value ? { name: field.name, type, value } : undefined;
  }
  if (field.type === 'float' && type === 'int') {
    if (!Number.isInteger(field.value)) return undefined;
    const value = BigInt(field.value);
    return value >= MIN_INT64 && value <= MAX_INT64 ? { name: field.name, type, value } : undefined;
  }
  return undefined;
}
