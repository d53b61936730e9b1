import { isUtf8 } from 'node:buffer';
import { type Rejected, rejected } from './payload-format.js';

export type DecodedText = { readonly ok: true; readonly text: string } | Rejected;

/** Decodes the bytes of a format that is text. The size is checked first, because the text of a payload may be large. */
export function decodeUtf8(payload: Buffer, maxPayloadBytes: number): DecodedText {
  if (payload.length > maxPayloadBytes) return tooLarge(payload.length, maxPayloadBytes);
  if (!isUtf8(payload)) return notUtf8(payload);
  return { ok: true, text: payload.toString('utf8') };
}

export function tooLarge(bytes: number, maxPayloadBytes: number): Rejected {
  return rejected(
    'payload-too-large',
    `the payload has ${bytes} bytes; at most ${maxPayloadBytes} are decoded`,
  );
}

export function notUtf8(payload: Buffer): Rejected {
  const at = firstBadUtf8Byte(payload);
  const byte = (payload[at] ?? 0).toString(16).toUpperCase().padStart(2, '0');
  return rejected('payload-not-utf8', `the payload is not UTF-8: byte ${at + 1} (${byte}) does not fit`);
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
