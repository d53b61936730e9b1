/** A value of a field or tag: a float is a number, an integer a bigint. */
export type Value = number | bigint | string | boolean;
export type ValueType = 'float' | 'integer' | 'string' | 'boolean';

/** A value at a time. `null` is a window without a value that `fill` has put in. */
export interface TimedValue {
  readonly timeNs: bigint;
  readonly value: Value | null;
  /** What a selector has found beside its value: one for each field and tag that is selected with it. */
  readonly beside?: readonly (Value | null)[];
}

/** Returns a number of `fill` as the type of a column has it; no text and no boolean is made of it. */
export function asType(value: bigint | number, type: ValueType): bigint | number {
  if (type === 'float') return Number(value);
  if (type === 'integer') return typeof value === 'bigint' ? value : BigInt(Math.trunc(value));
  return value;
}
