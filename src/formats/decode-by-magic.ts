import { decodeCbor } from './cbor/cbor-format.js';
import { inflate } from './compression/inflate.js';
import type { DecodeContext, Decoded, PayloadFormat } from './payload-format.js';

interface Magic {
  /** Bytes that no JSON begins with. */
  readonly bytes: readonly number[];
  readonly decode: (payload: Buffer, context: DecodeContext, json: PayloadFormat) => Decoded;
}

const MAGICS: readonly Magic[] = [
  { bytes: [0x1f, 0x8b], decode: compressedBy('gzip') },
  { bytes: [0x28, 0xb5, 0x2f, 0xfd], decode: compressedBy('zstd') },
  { bytes: [0xd9, 0xd9, 0xf7], decode: (payload, { limits }) => named('cbor', decodeCbor(payload, limits)) },
];

/**
 * Decodes what is no JSON but says by its first bytes what it is: JSON that is compressed, or CBOR that describes itself.
 * Undefined for all else. What is compressed is `json` and nothing else: it may not be compressed twice.
 */
export function decodeByMagic(
  payload: Buffer,
  context: DecodeContext,
  json: PayloadFormat,
): Decoded | undefined {
  const magic = MAGICS.find(({ bytes }) => bytes.every((byte, index) => payload[index] === byte));
  return magic?.decode(payload, context, json);
}

function compressedBy(compression: 'gzip' | 'zstd'): Magic['decode'] {
  return (payload, context, json) => {
    const inflated = inflate(payload, compression, context.limits.maxPayloadBytes);
    if (!inflated.ok) return inflated;
    return named(`${json.name}, ${compression}`, json.decode(inflated.bytes, context));
  };
}

function named(format: string, decoded: Decoded): Decoded {
  return decoded.ok ? { ...decoded, format } : decoded;
}

/** JSON, and what says by its first bytes that it is something else. Good JSON costs nothing more. */
export function jsonOrMagic(json: PayloadFormat): PayloadFormat {
  return {
    name: json.name,
    decode(payload, context) {
      const decoded = json.decode(payload, context);
      return decoded.ok ? decoded : (decodeByMagic(payload, context, json) ?? decoded);
    },
  };
}
