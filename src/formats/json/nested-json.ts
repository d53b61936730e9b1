import { isJsonObject, type JsonLimits, type JsonObject, type JsonValue } from './json-value.js';

/** Reads a text within the limits that are left; `keys` is how many it holds. */
export type ReadText = (
  text: string,
  limits: JsonLimits,
) =>
  | { readonly ok: true; readonly value: JsonValue; readonly holdsExact: boolean; readonly keys: number }
  | { readonly ok: false };

interface Nested {
  readonly value: JsonValue;
  readonly holdsExact: boolean;
}

/** A text that may be JSON with members or elements; a number or a word in quotes stays what it is. */
const LIKE_JSON = /^[ \t\r\n]*[{[]/;

/**
 * Replaces texts that are JSON objects or arrays by what they say: the payload itself, or values in it, once. A text that is not
 * JSON, or with which the payload would exceed a limit, stays a text. Returns undefined when nothing was replaced; objects and
 * arrays of `value` are changed in place.
 */
export function readNested(value: JsonValue, limits: JsonLimits, read: ReadText): Nested | undefined {
  let keysLeft = limits.maxKeys - keysOf(value);
  let isChanged = false;
  let holdsExact = false;

  function replaced(inner: JsonValue, depth: number): JsonValue {
    if (typeof inner === 'string') {
      if (!LIKE_JSON.test(inner)) return inner;
      const found = read(inner, { ...limits, maxDepth: limits.maxDepth - depth, maxKeys: keysLeft });
      if (!found.ok) return inner;
      keysLeft -= found.keys;
      isChanged = true;
      holdsExact ||= found.holdsExact;
      return found.value;
    }
    if (Array.isArray(inner)) {
      for (const [index, element] of inner.entries()) inner[index] = replaced(element, depth + 1);
    } else if (isJsonObject(inner)) replaceMembers(inner, depth + 1);
    return inner;
  }

  function replaceMembers(object: JsonObject, depth: number): void {
    for (const key in object) object[key] = replaced(object[key] as JsonValue, depth);
  }

  const result = replaced(value, 0);
  return isChanged ? { value: result, holdsExact } : undefined;
}

function keysOf(value: JsonValue): number {
  if (Array.isArray(value)) return value.reduce<number>((sum, element) => sum + keysOf(element), 0);
  if (!isJsonObject(value)) return 0;
  return Object.values(value).reduce<number>((sum, member) => sum + 1 + keysOf(member), 0);
}
