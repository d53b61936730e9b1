import { isUtf8 } from 'node:buffer';
import type { ParkCode } from '../../../dead-letter/park-codes.js';
import { firstBadUtf8Byte } from './first-bad-utf8-byte.js';
import { DEFAULT_JSON_LIMITS, type JsonLimits } from './json-limits.js';
import { JsonReader } from './json-reader.js';
import type { JsonValue } from './json-value.js';

export type Decoded =
  | { readonly ok: true; readonly value: JsonValue; readonly holdsExact: boolean }
  | { readonly ok: false; readonly code: ParkCode; readonly reason: string };

// One reader for the thread: decoding is synchronous and never re-entered, and its key table pays off across payloads.
const reader = new JsonReader(DEFAULT_JSON_LIMITS);

/**
 * Decodes one payload as strict JSON: RFC 8259 in UTF-8 without a byte order mark, no duplicate keys, no keys
 * that reach a prototype, no number a double cannot hold, no half surrogate pairs. Never throws; the reason is
 * for a person. Number literals that would lose digits come as ExactNumber (`holdsExact`); -0 becomes 0.
 */
export function decodeJson(payload: Buffer, limits: JsonLimits = DEFAULT_JSON_LIMITS): Decoded {
  const length = payload.length;
  if (length === 0) return refused('payload-empty', 'the payload is empty');
  if (length > limits.maxPayloadBytes) {
    return refused(
      'payload-too-large',
      `the payload has ${length} bytes; at most ${limits.maxPayloadBytes} are decoded`,
    );
  }
  if (!isUtf8(payload)) return refused('payload-not-utf8', notUtf8(payload));
  if (payload[0] === 0xef && payload[1] === 0xbb && payload[2] === 0xbf) {
    return refused(
      'payload-not-json',
      'the payload starts with a byte order mark (EF BB BF); JSON must be sent without one',
    );
  }
  const value = reader.read(payload.toString('utf8'), limits);
  if (value === undefined) return refused(reader.code, reader.reason);
  return { ok: true, value, holdsExact: reader.holdsExact };
}

function refused(code: ParkCode, reason: string): Decoded {
  return { ok: false, code, reason };
}

function notUtf8(payload: Buffer): string {
  const at = firstBadUtf8Byte(payload);
  const byte = (payload[at] ?? 0).toString(16).toUpperCase().padStart(2, '0');
  return `the payload is not UTF-8: byte ${at + 1} (${byte}) does not fit`;
}
