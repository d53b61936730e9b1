import { isUtf8 } from 'node:buffer';
import type { ParkCode } from '../../dead-letter/park-codes.js';
import { JsonReader } from './json-reader.js';
import { DEFAULT_JSON_LIMITS, type JsonLimits, type JsonValue } from './json-value.js';

export type Decoded =
  | { readonly ok: true; readonly value: JsonValue; readonly holdsExact: boolean }
  | { readonly ok: false; readonly code: ParkCode; readonly reason: string };

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
  if (length > limits.maxPayloadBytes) {
    return rejected(
      'payload-too-large',
      `the payload has ${length} bytes; at most ${limits.maxPayloadBytes} are decoded`,
    );
  }
  if (!isUtf8(payload)) return rejected('payload-not-utf8', notUtf8(payload));
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

function rejected(code: ParkCode, reason: string): Decoded {
  return { ok: false, code, reason };
}

function notUtf8(payload: Buffer): string {
  const at = firstBadUtf8Byte(payload);
  const byte = (payload[at] ?? 0).toString(16).toUpperCase().padStart(2, '0');
  return `the payload is not UTF-8: byte ${at + 1} (${byte}) does not fit`;
}

/** Offset of the first byte that cannot be part of well-formed UTF-8 (RFC 3629), or the length when all can. */
export function firstBadUtf8Byte(bytes: Uint8Array): number {
  let at = 0;
  while (at < bytes.length) {
    const length = sequenceLength(bytes, at);
    if (length === 0) return at;
    at += length;
  }
  return at;
}

/** 1 to 4 for a well-formed sequence at `at`, else 0. */
function sequenceLength(bytes: Uint8Array, at: number): number {
  const lead = bytes[at] as number;
  if (lead < 0x80) return 1;
  if (lead >= 0xc2 && lead <= 0xdf) return followed(bytes, at, 1, 0x80, 0xbf);
  // The second byte is narrower where overlong forms (E0, F0), surrogates (ED) or more than U+10FFFF (F4) begin.
  if (lead === 0xe0) return followed(bytes, at, 2, 0xa0, 0xbf);
  if (lead === 0xed) return followed(bytes, at, 2, 0x80, 0x9f);
  if (lead >= 0xe1 && lead <= 0xef) return followed(bytes, at, 2, 0x80, 0xbf);
  if (lead === 0xf0) return followed(bytes, at, 3, 0x90, 0xbf);
  if (lead >= 0xf1 && lead <= 0xf3) return followed(bytes, at, 3, 0x80, 0xbf);
  if (lead === 0xf4) return followed(bytes, at, 3, 0x80, 0x8f);
  return 0;
}

function followed(bytes: Uint8Array, at: number, count: number, low: number, high: number): number {
  const second = bytes[at + 1];
  if (second === undefined || second < low || second > high) return 0;
  for (let index = 2; index <= count; index++) {
    const next = bytes[at + index];
    if (next === undefined || next < 0x80 || next > 0xbf) return 0;
  }
  return count + 1;
}
