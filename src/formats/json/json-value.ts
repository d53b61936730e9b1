/** A decoded JSON value. Plain numbers are exact: at most 15 significant digits, integers within ±2^53. */
export type JsonValue = null | boolean | number | string | ExactNumber | JsonValue[] | JsonObject;

/**
 * A plain object: the decoder rejects keys that could reach a prototype. Keys of `Object.prototype`
 * (`toString`) are still inherited, so read with `memberOf`.
 */
export interface JsonObject {
  [key: string]: JsonValue;
}

/**
 * A number literal that a double may not hold exactly (ns epochs, 64-bit counters, long decimals), as it was written; or one
 * that the format declares to be an integer, however small it is.
 */
export class ExactNumber {
  readonly text: string;
  /** The format says that it is an integer within int64: without a type of the rule it becomes an int field. */
  readonly declared?: 'int';
  readonly #nearest: number;

  /** `nearest` is `Number(text)`, for those who know it already. */
  constructor(text: string, nearest = Number(text), declared?: 'int') {
    this.text = text;
    this.#nearest = nearest;
    if (declared !== undefined) this.declared = declared;
  }

  /** A number that a format declares as an integer; it must be within int64. */
  static int(value: bigint): ExactNumber {
    return new ExactNumber(String(value), Number(value), 'int');
  }

  /** The nearest double; always finite, because the decoder rejects literals beyond it. */
  toNumber(): number {
    return this.#nearest;
  }
}

export function isJsonObject(value: JsonValue | undefined): value is JsonObject {
  return (
    typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof ExactNumber)
  );
}

/** The member's value, or undefined when the object has no such key of its own. */
export function memberOf(object: JsonObject, key: string): JsonValue | undefined {
  const value: unknown = object[key];
  // JSON has no functions: one found here is inherited from Object.prototype.
  return typeof value === 'function' ? undefined : (value as JsonValue | undefined);
}

/** The kind of a value in words, for reasons that a person reads. */
export function kindOf(value: JsonValue | undefined): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  if (typeof value === 'number' || value instanceof ExactNumber) return 'a number';
  if (typeof value === 'object') return 'an object';
  return typeof value === 'boolean' ? 'a boolean' : 'a string';
}

/** What a payload may cost before it is rejected. */
export interface JsonLimits {
  readonly maxPayloadBytes: number;
  /** Levels of objects and arrays; a flat object has one. */
  readonly maxDepth: number;
  /** Keys of all objects of the payload together. */
  readonly maxKeys: number;
  /** UTF-16 units of one key. */
  readonly maxKeyLength: number;
}

export const DEFAULT_JSON_LIMITS: JsonLimits = {
  maxPayloadBytes: 65_536,
  maxDepth: 16,
  maxKeys: 1_000,
  maxKeyLength: 256,
};
