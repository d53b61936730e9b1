import { tooLarge } from '../decode-utf8.js';
import type { JsonLimits } from '../json/json-value.js';
import type { Decoded, PayloadFormat } from '../payload-format.js';
import { type ConvertOptions, toJsonValue } from '../to-json-value.js';
import { CborReader } from './cbor-reader.js';

// One for the thread: decoding is synchronous and never re-entered.
const reader = new CborReader();

/** Decodes one CBOR item (RFC 8949) with what I-JSON rejects besides: see `toJsonValue`. */
export function decodeCbor(payload: Buffer, limits: JsonLimits, options?: ConvertOptions): Decoded {
  if (payload.length > limits.maxPayloadBytes) return tooLarge(payload.length, limits.maxPayloadBytes);
  const value = reader.read(payload, limits.maxDepth);
  return value === undefined ? reader.rejection : toJsonValue(value, limits, options);
}

export function createCborFormat(options: ConvertOptions): PayloadFormat {
  return { name: 'cbor', decode: (payload, { limits }) => decodeCbor(payload, limits, options) };
}
