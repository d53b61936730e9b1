import { isUtf8 } from 'node:buffer';
import { notUtf8, tooLarge } from '../decode-utf8.js';
import { type Decoded, type PayloadFormat, type Rejected, rejected } from '../payload-format.js';
import { JsonReader } from './json-reader.js';
import { DEFAULT_JSON_LIMITS, type JsonLimits } from './json-value.js';

// One reader for the thread: decoding is synchronous and never re-entered, and its key table pays off across payloads.
const reader = new JsonReader();

/**
 * Decodes one payload as strict JSON: RFC 8259 in UTF-8 without a byte order mark, no duplicate keys, no keys
 * that reach a prototype, no number a double cannot hold, no half surrogate pairs. Never throws; the reason is
 * for a person. Number literals that would lose digits come as ExactNumber (`holdsExact`); -0 becomes 0.
 */
export function decodeJson(payload: Buffer, limits: JsonLimits = DEFAULT_JSON_LIMITS): Decoded {
  const length = payload.length;
  if (length === 0) return rejected('payload-empty', 'the payload is empty');
  if (length > limits.maxPayloadBytes) return tooLarge(length, limits.maxPayloadBytes);
  if (!isUtf8(payload)) return notUtf8(payload);
  if (payload[0] === 0xef && payload[1] === 0xbb && payload[2] === 0xbf) {
    return rejected(
      'payload-not-json',
      'the payload starts with a byte order mark (EF BB BF); JSON must be sent without one',
    );
  }
  const value = reader.read(payload.toString('utf8'), limits);
  if (value === undefined) return { ok: false, ...reader.rejection };
  return { ok: true, value, holdsExact: reader.holdsExact };
}

/** A value that was read, with how many keys it has and how many numbers that are not finite became null. */
type ReadJson =
  | (Extract<Decoded, { ok: true }> & { readonly keys: number; readonly notFinite: number })
  | Rejected;

/** Reads a text, which must be well-formed UTF-16, as `decodeJson` does; a bare NaN or Infinity is null if that is allowed. */
export function readJson(text: string, limits: JsonLimits, takesNotFinite: boolean): ReadJson {
  const value = reader.read(text, limits, takesNotFinite);
  if (value === undefined) return { ok: false, ...reader.rejection };
  return { ok: true, value, holdsExact: reader.holdsExact, keys: reader.keys, notFinite: reader.notFinite };
}

/** JSON as `decodeJson` takes it. */
export const jsonFormat: PayloadFormat = {
  name: 'json',
  decode: (payload, { limits }) => decodeJson(payload, limits),
};
